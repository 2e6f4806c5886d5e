//! `culet practice`: the practice camera alone, for any PTP/IP program.

use crate::practice::{FAULTS, Options, Planned, Scene};
use anyhow::{Context as _, Result};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Port on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 15_740)]
    port: u16,
    /// Piece and paper: solitaire, bracelet, earrings or pendant, each also with -dark.
    #[arg(long, default_value = "solitaire")]
    scene: Scene,
    /// Where the motion starts, and the lot of the noise; also the body's serial number.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Something that goes wrong, NAME[:ARGUMENT][@K]; can be given again. `help` lists them.
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<String>,
    /// Nothing moves by itself.
    #[arg(long)]
    still: bool,
    /// A card on the set: grey (beside the piece) or chart (in its place).
    #[arg(long, value_parser = ["grey", "chart"])]
    card: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    if arguments.faults.iter().any(|f| f == "help") {
        for (name, argument, help) in FAULTS {
            let colon = if argument.is_empty() { "" } else { ":" };
            say!("{:<24} {help}", [name, argument].join(colon));
        }
        return Ok(0);
    }
    let faults: Vec<Planned> =
        arguments.faults.iter().map(|f| f.parse::<Planned>()).collect::<Result<_, _>>()?;
    let (port, scene, seed, still) =
        (arguments.port, arguments.scene, arguments.seed, arguments.still);
    let card = arguments.card.as_deref().and_then(crate::engine::practice_card);
    let options = Options { scene, seed, still, card, ..Options::from_environment() };
    let camera = crate::engine::Practice::start_with(port, options, &faults)
        .with_context(|| format!("port {port} cannot be used; choose another with --port"))?;
    say!("listening on ptpip:127.0.0.1:{0}:{0}", camera.port);
    loop {
        std::thread::park();
    }
}
