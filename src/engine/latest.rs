//! A channel that holds only the newest value: live view must be fresh, not complete.

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::sync::{Arc, Weak};

/// The producing half; never waits.
pub struct Publisher<T> {
    sender: Sender<T>,
    stale: Receiver<T>,
    reader: Weak<()>,
}

/// The consuming half.
pub struct Reader<T> {
    receiver: Receiver<T>,
    _alive: Arc<()>,
}

/// A connected pair.
pub fn channel<T>() -> (Publisher<T>, Reader<T>) {
    let (sender, receiver) = bounded(1);
    let alive = Arc::new(());
    let publisher = Publisher { sender, stale: receiver.clone(), reader: Arc::downgrade(&alive) };
    (publisher, Reader { receiver, _alive: alive })
}

/// The reader is gone.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody is watching")]
pub struct Closed;

impl<T> Publisher<T> {
    /// Replaces whatever is waiting; says whether an unread value was dropped.
    pub fn publish(&self, mut value: T) -> Result<bool, Closed> {
        let mut dropped = false;
        while self.reader.strong_count() > 0 {
            match self.sender.try_send(value) {
                Ok(()) => return Ok(dropped),
                Err(TrySendError::Full(back)) => {
                    dropped |= self.stale.try_recv().is_ok();
                    value = back;
                }
                Err(TrySendError::Disconnected(_)) => break,
            }
        }
        Err(Closed)
    }
}

impl<T> Reader<T> {
    /// The receiver, for `recv`, `try_recv` and `select!`.
    pub fn receiver(&self) -> &Receiver<T> {
        &self.receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_is_read() {
        let (publisher, reader) = channel();
        let dropped: Vec<_> = (0..3).map(|i| publisher.publish(i)).collect();
        assert_eq!(dropped, [Ok(false), Ok(true), Ok(true)], "two unread values are dropped");
        assert_eq!(reader.receiver().try_recv(), Ok(2), "the newest stays");
    }

    #[test]
    fn the_publisher_learns_that_nobody_watches() {
        let (publisher, reader) = channel();
        drop(reader);
        assert_eq!(publisher.publish(1), Err(Closed));
    }

    #[test]
    fn a_slow_reader_sees_numbers_rise_and_the_last_one() {
        let (publisher, reader) = channel();
        let producer = crate::engine::thread::spawn("test-producer", move || {
            for i in 0..100_000_u32 {
                publisher.publish(i).unwrap();
            }
        })
        .unwrap();
        let seen: Vec<u32> = reader.receiver().iter().collect();
        drop(producer);
        assert!(seen.is_sorted_by(|a, b| a < b), "never out of order");
        assert_eq!(seen.last(), Some(&99_999), "the last value always arrives");
    }
}
