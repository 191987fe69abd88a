//! What the tests of programs and of scripts share.

use harness_play::host::path;
use harness_reproduce::Host;

/// This host.
pub fn host() -> Host {
    let directory = std::env::temp_dir().join(".tmp");
    Host {
        kernel: "(a kernel)".to_owned(),
        path: path::PATH,
        find: path::find,
        private: vec![directory.display().to_string(), "/target/".to_owned()],
    }
}
