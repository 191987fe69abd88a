//! What a panic says.

use std::any::Any;

/// The message of a panic that was caught.
pub fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it gives no reason").to_owned()
}
