//! The second copy: a queue that is the journal itself, so that it survives a restart.

use super::contract::{Event, Level, Safety};
use super::shared::Shared;
use crate::session::copy_verified;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How long it rests before a disk that refused is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Copies whenever the bell rings, until the engine ends.
pub(super) fn run(shared: &Shared, bell: &Receiver<()>) {
    let mut said = String::new();
    while !shared.stopped() {
        match bell.recv_timeout(AGAIN) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => copy_all(shared, &mut said),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
}

/// Copies what is open; a trouble is told once until it changes.
fn copy_all(shared: &Shared, said: &mut String) {
    let (open, from, to) = {
        let book = shared.book.lock();
        let to = book.session.settings().second_copy.clone();
        (book.session.uncopied(), book.session.capture_folder(), to)
    };
    let Some(to) = to else { return };
    for original in open {
        if shared.stopped() {
            return;
        }
        if let Err(e) = copy_verified(&original, &from, &to) {
            let text = e.to_string();
            if *said != text {
                shared.say(Level::Error, format!("no second copy: {text}"));
                *said = text;
            }
            continue;
        }
        said.clear();
        let mut book = shared.book.lock();
        if let Err(e) = book.session.note_copy(&original.file, &to) {
            tracing::error!("a second copy was not noted and is made again: {e}");
        }
        let id = book.takes().iter().position(|t| t.name == original.file);
        let changed = id.and_then(|id| book.change(id, |t| t.safety = Safety::TwoDisks));
        drop(book);
        changed.into_iter().for_each(|take| shared.tell(Event::TakeChanged(take)));
    }
}
