//! The files that the program brings.

use harness::embedded::Files;

/// The files of the workspace that tests read, by their paths in order; `None` if the program was built without them.
#[cfg(feature = "embedded")]
pub const FILES: Option<Files> = Some(include!(concat!(env!("OUT_DIR"), "/files.rs")));

/// The files of the workspace that tests read, by their paths in order; `None` if the program was built without them.
#[cfg(not(feature = "embedded"))]
pub const FILES: Option<Files> = None;

/// Has the suite read these files, and none of a checkout.
///
/// # Errors
/// If it has files already.
pub fn bring() -> Result<(), String> {
    FILES.map_or(Ok(()), harness::embedded::bring)
}
