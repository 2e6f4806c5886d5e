//! What is looked at, and how.

use crate::engine::contract::Take;
use crate::session::{Flag, Label};

/// What is in the middle of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// What the camera sees.
    #[default]
    Live,
    /// One take.
    Loupe,
    /// All takes.
    Grid,
    /// Two takes.
    Compare,
    /// The selected takes.
    Survey,
    /// A take and its edit.
    Retouch,
    /// Card and light.
    Calibrate,
}

/// Lines over the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guides {
    /// None.
    #[default]
    Off,
    /// Thirds.
    Thirds,
    /// A centre cross and the measured symmetry axis.
    Centre,
}

/// With or without the finish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finish {
    /// As the camera made it.
    Before,
    /// Finished.
    #[default]
    After,
    /// Both, apart at a line.
    Split,
}

/// Order of the strip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Oldest first.
    #[default]
    Time,
    /// Best first; takes without a score last.
    Score,
}

/// Which takes are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Stars at least.
    pub stars: u8,
    /// Only with this mark.
    pub flag: Option<Flag>,
    /// Only with this label.
    pub label: Option<Label>,
    /// Only the proposed best of each group.
    pub best: bool,
}

impl Filter {
    pub(super) fn lets(&self, take: &Take) -> bool {
        take.rating >= self.stars
            && self.flag.is_none_or(|f| f == take.flag)
            && self.label.is_none_or(|l| Some(l) == take.label)
            && (!self.best || take.best)
    }
}

/// How the picture is looked at.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the screen")]
pub struct Look {
    /// On live view: the suggested finish.
    pub live_finish: Finish,
    /// On takes: the edit.
    pub finish: Finish,
    /// Where a split is, 0 (left) to 1.
    pub split: f32,
    /// Marks what is in focus.
    pub peaking: bool,
    /// Marks clipping.
    pub clipping: bool,
    /// Stripes what is nearly white.
    pub zebra: bool,
    /// Lines over the picture.
    pub guides: Guides,
    /// Name and marks over the picture.
    pub information: bool,
    /// Middle grey and a white frame.
    pub assess: bool,
    /// Nothing but the picture.
    pub lights_out: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            live_finish: Finish::Before,
            finish: Finish::After,
            split: 0.5,
            peaking: false,
            clipping: false,
            zebra: false,
            guides: Guides::Off,
            information: true,
            assess: false,
            lights_out: false,
        }
    }
}

/// Which panels are shown.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each panel is shown or not")]
pub struct Panels {
    /// Session and filters.
    pub left: bool,
    /// Readings or edit.
    pub right: bool,
    /// Takes.
    pub strip: bool,
    /// Bars above and below.
    pub bars: bool,
}

impl Default for Panels {
    fn default() -> Self {
        Self { left: true, right: true, strip: true, bars: true }
    }
}
