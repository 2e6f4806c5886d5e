//! The second copy: a queue that is the journal itself, so that it survives a restart.

use super::contract::{Event, Level, Safety};
use super::shared::Shared;
use crate::session::journal::Original;
use crate::session::{CopyError, copy_verified};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// How long it rests before a disk that refused is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Copies whenever the bell rings, until the engine ends.
pub(super) fn run(shared: &Shared, bell: &Receiver<()>) {
    let mut told = Told::default();
    while !shared.stopped() {
        match bell.recv_timeout(AGAIN) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => copy_all(shared, &mut told),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
}

/// Troubles that were told; each is told once.
#[derive(Default)]
struct Told {
    /// The other folder refuses.
    refused: bool,
    /// Single files.
    files: BTreeSet<String>,
}

/// Copies what is open.
fn copy_all(shared: &Shared, told: &mut Told) {
    let (open, from, to) = {
        let book = shared.book.lock();
        let to = book.session.settings().second_copy.clone();
        let open: Vec<Original> = book.session.uncopied().cloned().collect();
        (open, book.session.capture_folder(), to)
    };
    let Some(to) = to else { return };
    for original in open {
        if shared.stopped() {
            return;
        }
        match copy_verified(&original, &from, &to) {
            Ok(()) => copied(shared, told, &original, &to),
            // A disk that is full or gone refuses the others as well.
            Err(e @ CopyError::Refused(..)) => {
                if !std::mem::replace(&mut told.refused, true) {
                    shared.say(Level::Error, format!("no second copy: {e}"));
                }
                return;
            }
            Err(e) => {
                let text = format!("no second copy: {e}");
                if told.files.insert(text.clone()) {
                    shared.say(Level::Error, text);
                }
            }
        }
    }
}

fn copied(shared: &Shared, told: &mut Told, original: &Original, to: &Path) {
    if std::mem::take(&mut told.refused) {
        shared.say(Level::Note, "second copies can be made again; the rest follows now");
    }
    let mut book = shared.book.lock();
    if let Err(e) = book.session.note_copy(&original.file, to) {
        tracing::error!("a second copy was not noted and is made again: {e}");
        return;
    }
    let id = book.takes().iter().position(|t| t.name == original.file);
    let changed = id.and_then(|id| book.change(id, |t| t.safety = Safety::TwoDisks));
    drop(book);
    changed.into_iter().for_each(|take| shared.tell(Event::TakeChanged(take)));
}
