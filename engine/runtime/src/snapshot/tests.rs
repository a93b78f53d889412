//! Which snapshot a restart begins from.

use super::*;

fn origin(run: &str, config: &str) -> Origin {
    Origin { run: run.to_owned(), config: config.to_owned() }
}

fn header(seq: u64, saved: &[u8]) -> Header {
    let position = serde_json::json!({
        "segment": 1, "offset": 10, "seq": seq, "ts": 1, "crc": 7, "lines": 3, "ended": false, "sparse": false,
    });
    Header {
        run: "run".to_owned(),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        state_version: STATE_VERSION,
        config: "config".to_owned(),
        position: serde_json::from_value(position).unwrap(),
        content: blake3::hash(saved).to_hex().to_string(),
    }
}

fn found(dir: &Path, last: u64) -> Option<u64> {
    newest(dir, &origin("run", "config"), Seq(last)).map(|(position, _)| position.seq.0)
}

/// Breaks when a restart begins from a snapshot that is not of its run, rules, version or timeline, is damaged, or
/// older than need be; or when old ones pile up.
#[test]
fn the_newest_that_fits() {
    let dir = tempfile::tempdir().unwrap();
    let saved = br#"{"state":1}"#;
    assert_eq!(found(dir.path(), 100), None, "there is none");
    for seq in [10, 20, 30] {
        keep(dir.path(), &header(seq, saved), saved).unwrap();
    }
    let names = listed(dir.path()).unwrap();
    assert_eq!(names.len(), KEPT, "the oldest is removed");
    assert_eq!(found(dir.path(), 100), Some(30));
    assert_eq!(found(dir.path(), 30), Some(30), "the last event of the journal is in it");

    let spoilt: [(&str, Header); 4] = [
        ("another run", Header { run: "other".to_owned(), ..header(40, saved) }),
        ("other rules", Header { config: "other".to_owned(), ..header(40, saved) }),
        ("another version", Header { engine: "0.0.0".to_owned(), ..header(40, saved) }),
        ("damaged", Header { content: "00".to_owned(), ..header(40, saved) }),
    ];
    for (about, header) in spoilt {
        keep(dir.path(), &header, saved).unwrap();
        assert_eq!(found(dir.path(), 100), Some(30), "{about}");
        fs::remove_file(dir.path().join(name_of(Seq(40)))).unwrap();
        keep(dir.path(), &self::header(20, saved), saved).unwrap();
    }
    let path = dir.path().join(name_of(Seq(30)));
    let text = fs::read(&path).unwrap();
    for length in [0, 5, text.len() / 2, text.len() - 1] {
        fs::write(&path, &text[..length]).unwrap();
        assert_eq!(found(dir.path(), 100), Some(20), "cut short to {length} bytes");
    }
    fs::write(&path, &text).unwrap();
    assert_eq!(found(dir.path(), 25), Some(20), "the journal was cut before the newest");
    assert!(!path.exists(), "what is of a timeline that was cut does not come back");
}
