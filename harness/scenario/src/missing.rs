//! What a kernel that is not Linux may have no call or file to tell.

/// What no process of this kernel can be told about itself, since there is no such call. Linux has all of them;
/// where a seccomp filter may have answered in its place, nothing is known to be lacking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MissingFeatures {
    /// setfsuid(2) and setfsgid(2), which tell the filesystem ids.
    pub fs_ids: bool,
    /// `PR_GET_SECUREBITS` of prctl(2).
    pub securebits: bool,
    /// `/proc/PID/setgroups`, which came with 3.19.
    pub setgroups: bool,
}
