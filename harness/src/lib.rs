//! Plays scenarios of processes in user namespaces and records what the kernel answers.
