//! Culet watches a tethered camera, says what to change before the shutter is pressed, never loses a
//! capture, proposes the best takes and retouches them honestly.
//!
//! The rooms, in reading order; each may use only those that ARCHITECTURE.md and
//! `tests/architecture.rs` allow it:
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`imaging`] | pixels: buffers, colour, filters, files in and out |
//! | [`calibrate`] | cards and charts: what white and colour are under this light |
//! | [`vision`] | where the subject is |
//! | [`score`] | how good a picture is, and why |
//! | [`retouch`] | the edit: operations, recipe, plan, render, fidelity |
//! | [`practice`] | the practice camera: a scene with known truth behind PTP/IP |
//! | [`camera`] | where frames and captures come from |
//! | [`suggest`] | what to change before the shutter is pressed |
//! | [`session`] | the shoot on disk |
//! | [`deliver`] | what leaves the studio |
//! | [`engine`] | threads, processes and queues that join all of these |
//! | [`ui`], [`cli`] | two clients of the engine |

pub mod calibrate;
pub mod camera;
pub mod cli;
pub mod deliver;
pub mod engine;
pub mod imaging;
pub mod practice;
pub mod retouch;
pub mod score;
pub mod session;
pub mod suggest;
#[cfg(feature = "studio")]
pub mod ui;
pub mod vision;
