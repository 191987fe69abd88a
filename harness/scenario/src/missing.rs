//! State that a kernel other than Linux may have no call or file to report.

/// The parts of its own state that no process can read on this kernel, because the kernel has no call for them. Linux
/// has all these calls. If a seccomp filter may have answered instead of the kernel, no call counts as missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MissingFeatures {
    /// setfsuid(2) and setfsgid(2), which return the filesystem ids.
    pub fs_ids: bool,
    /// `PR_GET_SECUREBITS` of prctl(2).
    pub securebits: bool,
    /// `/proc/PID/setgroups`, which came with 3.19.
    pub setgroups: bool,
}
