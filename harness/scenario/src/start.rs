//! What is known of the host on which a scenario is played, as values.

use crate::actors::RunAs;
use crate::caller::Caller;
use crate::ids::Names;
use crate::missing::MissingFeatures;
use crate::release::Release;

/// Everything that the model may know of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The credentials of the process that has the scenario played.
    pub caller: Caller,
    /// Whether that process is in the initial user namespace, as far as is known.
    pub in_initial_userns: bool,
    /// The overflow uid and gid.
    pub overflow: [u32; 2],
    /// The highest capability number of the kernel.
    pub last_cap: u8,
    /// The size of a page, in bytes.
    pub page: u64,
    /// The release of the kernel; `None` if uname(2) does not report one.
    pub release: Option<Release>,
    /// What the kernel has no call or file to report.
    pub missing: MissingFeatures,
}

impl Start {
    /// What the host calls ids and capabilities in a scenario that runs with these credentials.
    pub fn names(&self, run_as: &RunAs) -> Names {
        Names { own: run_as.ids(&self.caller), overflow: self.overflow, last_cap: self.last_cap }
    }
}
