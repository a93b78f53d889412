//! Frames that were really received.

use std::path::{Path, PathBuf};

use reprise_feeds::{FeedSettings, HyperliquidChannels, HyperliquidSettings, Told};
use reprise_market_data::import::{Format, Import, ImportPlan};
use reprise_market_data::lines::{BytesRead, Lines};
use reprise_model::{Input, Ts};

use crate::support::{Bench, coins, hyperliquid};

/// A real recording, or `None` with a word about it.
fn recording(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("REPRISE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared"), PathBuf::from);
    let path = shared.join("data/market").join(name);
    if path.is_file() {
        return Some(path);
    }
    eprintln!("skipped: there is no recording at {}; set REPRISE_SHARED to its folder", path.display());
    None
}

/// Breaks when a live feed makes other events of real frames than the importer makes of their recording.
#[test]
fn the_feed_and_the_importer_agree_on_real_frames() {
    let Some(path) = recording("hyperliquid/btcusd_20250126.gz") else { return };
    let channels = HyperliquidChannels { quotes: false, trades: true, books: true, marks: false };
    let settings = HyperliquidSettings { channels, ..hyperliquid(&["BTC"]) };
    let mut bench = Bench::new(&FeedSettings::Hyperliquid(settings));
    let mut lines = Lines::open(&path, &BytesRead::default()).unwrap();
    let mut begun = false;
    while let Some(line) = lines.next_line().unwrap() {
        let (time, frame) = line.split_once(' ').unwrap();
        bench.now = Ts(time.parse().unwrap());
        if !std::mem::replace(&mut begun, true) {
            bench.tell(Told::Started { seed: 1 });
            bench.tell(Told::Defined(coins(&["BTC"])));
            bench.tell(Told::Connected);
        }
        bench.frame(frame);
    }
    let import = Import::scan(
        ImportPlan { format: Format::Recorder, files: vec![path], ..ImportPlan::default() },
        |_| {},
    )
    .unwrap();
    let mut events = import.events();
    let mut imported = Vec::new();
    while let Some(event) = events.next_event().unwrap() {
        imported.push(event);
    }
    let is_content =
        |(_, input): &(Ts, Input)| !matches!(input, Input::FeedStatus(_) | Input::InstrumentDefined(_));
    imported.retain(is_content);
    bench.events.retain(is_content);
    assert_eq!(imported.len(), 30 + 34 + 46);
    for (at, (live, imported)) in bench.events.iter().zip(&imported).enumerate() {
        assert_eq!(live, imported, "event {at}");
    }
    assert_eq!(bench.events.len(), imported.len());
}
