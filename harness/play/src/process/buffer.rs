//! Buffers for the answers of actors.

use crate::wire::MESSAGE;

/// A receive buffer, of which each thread keeps one.
pub(super) struct Buffer(Vec<u8>);

thread_local! {
    static SPARE: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl Buffer {
    pub(super) fn take() -> Self {
        let mut bytes = SPARE.take();
        bytes.resize(MESSAGE, 0);
        Self(bytes)
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        SPARE.set(std::mem::take(&mut self.0));
    }
}
