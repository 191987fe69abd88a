//! The attribute that registers a test of the suite with what it needs.
