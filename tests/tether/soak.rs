//! A long shoot with live view: memory and open handles of the studio stay flat, and it stays quick.

use super::{Rig, Shooter, Verdict, number, quantile};
use culet::engine::contract::Command;

/// Resident memory in MiB and open handles of this process and of its camera host.
fn size() -> [f32; 4] {
    let of = |pid: &str| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let kib = status.lines().find_map(|l| l.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        let handles = std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        [
            kib.and_then(|k| k.trim().parse::<f32>().ok()).unwrap_or(f32::NAN) / 1024.0,
            handles as f32,
        ]
    };
    let own = of("self");
    let children =
        std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten().find_map(|t| {
            let text = std::fs::read_to_string(t.path().join("children")).ok()?;
            text.split_whitespace().next().map(str::to_owned)
        });
    let host = children.map_or([f32::NAN; 2], |pid| of(&pid));
    [own[0], own[1], host[0], host[1]]
}

/// MiB of thumbnails that the client shows.
fn thumbnails(shooter: &Shooter) -> f32 {
    let bytes = shooter
        .takes
        .values()
        .flat_map(|t| t.thumbnail.iter())
        .map(culet::engine::contract::Thumbnail::bytes);
    bytes.sum::<usize>() as f32 / (1 << 20) as f32
}

/// Shoots, and prints a line for each tenth; the first and the last are compared.
fn soak(shots: usize) {
    let rig = Rig::new(81);
    let folder = tempfile::tempdir().unwrap();
    let second = tempfile::tempdir().unwrap();
    let mut shooter = Shooter::start(folder.path());
    shooter.connect(rig.port);
    shooter.send(Command::SecondCopy(Some(second.path().to_owned())));
    shooter.wait(1.0);
    println!(
        "{:>6} {:>9} {:>8} {:>9} {:>8} {:>9} {:>9} {:>9} {:>9} {:>7}",
        "shots",
        "rss MiB",
        "handles",
        "host MiB",
        "handles",
        "live p50",
        "live p95",
        "stored",
        "scored",
        "fps"
    );
    let mut lines = Vec::new();
    for tenth in 1..=10 {
        shooter.live_ms.clear();
        shooter.stored_ms.clear();
        shooter.scored_ms.clear();
        let begun = std::time::Instant::now();
        for _ in 0..shots / 10 {
            shooter.shoot(&rig);
        }
        let frames = shooter.live_ms.len() as f32;
        let took = begun.elapsed().as_secs_f32();
        shooter.until(10.0, |s| s.vitals.waiting == 0 && s.vitals.copying == 0);
        let [rss, handles, host, host_handles] = size();
        let live = [0.5, 0.95].map(|q| quantile(&shooter.live_ms, q));
        let (stored, scored) =
            (quantile(&shooter.stored_ms, 0.5), quantile(&shooter.scored_ms, 0.5));
        println!(
            "{:>6} {rss:>9.1} {handles:>8} {host:>9.1} {host_handles:>8} {:>9.1} {:>9.1} {stored:>9.1} \
             {scored:>9.1} {:>7.1}",
            tenth * shots / 10,
            live[0],
            live[1],
            frames / took
        );
        lines.push((rss - thumbnails(&shooter), handles, host, host_handles));
    }
    let verdict = Verdict::of(folder.path(), &rig.truth());
    println!("{verdict:?}");
    assert!(verdict.good(), "{:?}", shooter.said);
    let ((rss, handles, host, host_handles), last) = (lines[1], lines[9]);
    assert!(last.1 <= handles + 3.0 && last.3 <= host_handles + 3.0, "handles: {lines:?}");
    let each = (last.0 - rss) * 1024.0 / (shots as f32 * 0.8);
    println!(
        "thumbnails aside, memory of the studio grows by {each:.0} KiB a picture, of its host by {:.0} KiB",
        (last.2 - host) * 1024.0 / (shots as f32 * 0.8)
    );
    assert!(shots < 500 || (each < 40.0 && last.2 < host + 40.0), "memory: {lines:?}");
}

#[test]
#[ignore = "minutes: make soak"]
fn whole_soak() {
    soak(number("CULET_SHOTS", 1000));
}
