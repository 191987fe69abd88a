//! The browsers in which the page of `cargo ci matrix` is looked at. The test of the page includes this file.

/// What Chromium is called in Debian, and elsewhere.
pub const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
