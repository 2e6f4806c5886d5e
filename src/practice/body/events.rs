//! What the body has to tell, until the client asks for it (Nikon's `GetEvent`).

use super::fault::{Fault, Faults};
use super::wire::Writer;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A client that never asks does not fill the memory: the oldest are forgotten.
const MOST: usize = 20_000;
/// Events that one answer holds.
const AT_ONCE: usize = 40;

/// Events in order, each with the moment from which it is told.
#[derive(Default)]
pub(crate) struct Events(VecDeque<(Instant, u16, u32)>);

impl Events {
    /// Adds an event; faults may make it late or double.
    pub(crate) fn push(&mut self, event: u16, parameter: u32, faults: &mut Faults) {
        let late = faults.lasting(|f| match f {
            Fault::LateEvents(ms) => Some(u64::from(ms)),
            _ => None,
        });
        let due = Instant::now() + Duration::from_millis(late.unwrap_or(0));
        let double = faults.plays(Fault::DoubleEvents);
        for _ in 0..if double { 2 } else { 1 } {
            if self.0.len() >= MOST {
                self.0.pop_front();
            }
            self.0.push_back((due, event, parameter));
        }
    }

    /// Forgets everything: a new session starts.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The data set of those that are due: a count, then code and parameter of each.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let now = Instant::now();
        let n = self.0.iter().take(AT_ONCE).take_while(|(due, _, _)| *due <= now).count();
        let mut w = Writer::default();
        w.u16(n as u16);
        for (_, event, parameter) in self.0.drain(..n) {
            w.u16(event).u32(parameter);
        }
        w.0
    }
}
