//! A panic inside somebody else's decoder becomes a sentence.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f`; if it panics, `Err` says what the panic said, and nothing is printed.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    quieten();
    let before = GUARDED.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    GUARDED.set(before);
    result.map_err(|payload| {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("the decoder gave up");
        text.lines().next().unwrap_or_default().to_owned()
    })
}

/// Puts a hook before the present one that keeps silent for guarded threads only.
fn quieten() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let outer = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                outer(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_sentence_and_a_value_is_itself() {
        assert_eq!(catch(|| 7), Ok(7));
        let said: Result<(), _> = catch(|| panic!("index {} out of bounds\nnote", 9));
        assert_eq!(said, Err("index 9 out of bounds".to_owned()));
    }
}
