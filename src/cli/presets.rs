//! `culet presets`: the looks that `culet retouch --preset` knows.

use crate::retouch::Preset;
use anyhow::Result;
use serde_json::json;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "every command answers alike")]
pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    for preset in Preset::built_in() {
        if arguments.json {
            let object = json!({"preset": preset.id(), "name": preset.name, "about": preset.about,
                "automatic": preset.automatic, "without": preset.without, "set": preset.set});
            say!("{object}");
        } else {
            say!("{:<18} {}", preset.id(), preset.about);
        }
    }
    Ok(0)
}
