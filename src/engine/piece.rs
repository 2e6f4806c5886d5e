//! The piece of live view as the network sees it: looked for on a thread of its own, so that no frame waits for it.

use super::latest::{self, Reader};
use super::thread::{Joined, spawn};
use crate::imaging::{Parts, Rgb8};
use crossbeam_channel::{Sender, bounded};
use std::time::{Duration, Instant};

/// How often it is looked for: a piece that is moved by hand is followed.
const LOOK_EVERY: Duration = Duration::from_millis(60);
/// From one look to the next at least so many times what a look takes: a third of a core stays free on a
/// slow machine.
const PAUSE: f64 = 1.5;
/// What was seen longer ago is no longer believed.
const STALE: Duration = Duration::from_secs(1);

/// Looks at every frame that comes in time.
pub(super) struct Piece {
    // Dropped in this order: the thread ends when there are no more orders.
    orders: Sender<Rgb8>,
    seen: Reader<(Parts, Duration)>,
    _thread: Option<Joined>,
    ordered: Option<Instant>,
    heard: Option<Instant>,
    /// How long the last look took.
    took: Duration,
}

/// What there is to tell about the piece.
pub(super) enum News {
    /// It was seen anew.
    Seen(Parts),
    /// Nothing was seen for long.
    Lost,
}

impl Piece {
    pub(super) fn new() -> Self {
        let (orders, ordered) = bounded::<Rgb8>(1);
        let (seen, reader) = latest::channel();
        let thread = spawn("piece", move || {
            let Some(mut watch) = Watch::new() else { return };
            for frame in ordered {
                let began = Instant::now();
                if let Some(parts) = watch.look(&frame)
                    && seen.publish((parts, began.elapsed())).is_err()
                {
                    break;
                }
            }
        });
        let thread = thread.map_err(|e| tracing::error!("no thread for the piece: {e}")).ok();
        Self {
            orders,
            seen: reader,
            _thread: thread,
            ordered: None,
            heard: None,
            took: Duration::ZERO,
        }
    }

    /// Hands on a frame when it is time for another look; what is new since the last frame.
    pub(super) fn look(&mut self, frame: &Rgb8) -> Option<News> {
        let pause = LOOK_EVERY.max(self.took.mul_f64(PAUSE));
        if self.orders.is_empty() && self.ordered.is_none_or(|at| at.elapsed() > pause) {
            self.ordered = Some(Instant::now());
            // Without a network nobody takes it.
            self.orders.try_send(frame.clone()).ok();
        }
        if let Ok((parts, took)) = self.seen.receiver().try_recv() {
            (self.heard, self.took) = (Some(Instant::now()), took);
            return Some(News::Seen(parts));
        }
        let lost = self.heard.is_some_and(|at| at.elapsed() > STALE);
        lost.then(|| {
            self.heard = None;
            News::Lost
        })
    }
}

#[cfg(feature = "network")]
use watch::Watch;

#[cfg(feature = "network")]
mod watch {
    use super::super::product;
    use crate::imaging::{Parts, Rgb8};
    use crate::vision::Sight;
    use crate::vision::network::SubjectNetwork;

    /// The network before a set whose ground is known from the last frames.
    pub(super) struct Watch {
        network: &'static SubjectNetwork,
        sight: Option<Sight>,
        looks: u32,
    }

    /// Looks for which one ground is good enough: fitting it costs three looks.
    const SAME_GROUND: u32 = 10;

    impl Watch {
        pub(super) fn new() -> Option<Self> {
            Some(Self { network: product::network()?, sight: None, looks: 0 })
        }

        pub(super) fn look(&mut self, frame: &Rgb8) -> Option<Parts> {
            let known = self.sight.take().filter(|_| !self.looks.is_multiple_of(SAME_GROUND));
            self.looks += 1;
            let sight = match known {
                Some(mut sight) => {
                    sight.follow(frame);
                    sight
                }
                None => Sight::whole(frame, None),
            };
            let parts = self.network.see(&sight).map_err(|e| tracing::warn!("{e}")).ok();
            self.sight = Some(sight);
            parts
        }
    }
}

/// Without networks nothing is seen.
#[cfg(not(feature = "network"))]
struct Watch;

#[cfg(not(feature = "network"))]
impl Watch {
    fn new() -> Option<Self> {
        None
    }

    fn look(&mut self, _: &Rgb8) -> Option<Parts> {
        None
    }
}

#[cfg(all(test, feature = "network"))]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_seen_and_followed() {
        let ring = |at: f32| {
            Rgb8::from_fn(480, 320, |x, y| {
                let r = (x as f32 - at).hypot(y as f32 - 160.0);
                let shine = (128.0 + 110.0 * (r * 0.3 + x as f32 * 0.05).sin()) as u8;
                let paper = 148 + ((x * 7 + y * 13) % 5) as u8;
                if (60.0..76.0).contains(&r) {
                    [shine, shine - shine / 4, shine / 3]
                } else {
                    [paper; 3]
                }
            })
        };
        let mut piece = Piece::new();
        let mut until = |at: f32| {
            let (frame, start) = (ring(at), Instant::now());
            let there = |parts: &Parts, x: f32| {
                let m = &parts.subject;
                m.at((x / 480.0 * m.w as f32) as usize, m.h / 2) > 127
            };
            loop {
                if let Some(News::Seen(parts)) = piece.look(&frame)
                    && there(&parts, at - 68.0)
                    && there(&parts, at + 68.0)
                    && !there(&parts, at)
                {
                    return;
                }
                assert!(start.elapsed() < Duration::from_secs(20), "no ring was seen at {at}");
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        until(180.0);
        until(300.0);
    }
}
