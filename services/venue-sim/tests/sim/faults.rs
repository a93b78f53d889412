//! Scripts of faults: what reads, and what strikes what.

use std::time::Duration;

use reprise_venue_sim::Venue;
use reprise_venue_sim::faults::{Faults, Frame, Kind, Request, Script};

/// Breaks when a script that contradicts itself is taken, or a good one is not.
#[test]
fn scripts_are_read_or_refused() {
    let rows = [
        ("kind = \"drop\"", ""),
        ("kind = \"delay\"\ndelay_ms = 5", ""),
        ("kind = \"silent\"\nvenue = \"coinbase\"\nat = \"10s\"\nfor = \"5s\"", ""),
        ("kind = \"clock_skew\"\nby_ms = -1500\nat = \"2m\"", ""),
        ("kind = \"malformed\"\npath = \"/orders\"\nafter = 3\ncount = 2", ""),
        ("kind = \"melt\"", "unknown variant `melt`"),
        ("kind = \"drop\"\nwhen = 5", "unknown field `when`"),
        ("kind = \"drop\"\nat = \"5 minutes\"", "write a number and ms, s, m or h"),
        ("kind = \"drop\"\nat = \"5s\"\nafter = 2", "fault 1 (drop): give 'at' or 'after', not both"),
        ("kind = \"delay\"", "'delay' needs 'delay_ms'"),
        ("kind = \"drop\"\ndelay_ms = 5", "'delay_ms' belongs to 'delay'"),
        ("kind = \"clock_skew\"", "'clock_skew' needs 'by_ms'"),
        ("kind = \"clock_skew\"\nby_ms = 1\ncount = 2", "use 'at' and 'for'"),
        ("kind = \"stall\"", "'stall' needs 'instrument'"),
        ("kind = \"gap\"\npath = \"/orders\"", "strikes frames, which have no 'path'"),
        ("kind = \"gap\"\nvenue = \"kraken\"", "unknown variant `kraken`"),
    ];
    for (row, expected) in rows {
        let said =
            Script::parse(&format!("[[fault]]\n{row}\n")).map_or_else(|e| e.to_string(), |_| String::new());
        assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{row}\n{said}");
    }
    assert_eq!(Script::parse(""), Ok(Script::default()));
}

/// A script and what happens under it: `MS VENUE CHANNEL [INSTRUMENT]` a frame, `MS VENUE /PATH` a request, each
/// with its fate.
struct Row {
    script: &'static str,
    happens: &'static [(&'static str, &'static str)],
}

const ROWS: &[Row] = &[
    Row {
        script: "kind = \"drop\"",
        happens: &[
            ("0 c ticker BTC-USD", "Lose"),
            ("0 c ticker BTC-USD", "Send"),
            ("9 h trades BTC", "Send"),
        ],
    },
    Row {
        script: "kind = \"drop\"\ncount = 2\nchannel = \"l2_data\"",
        happens: &[
            ("0 c ticker A", "Send"),
            ("0 c l2_data A", "Lose"),
            ("0 c l2_data B", "Lose"),
            ("0 c l2_data A", "Send"),
        ],
    },
    Row {
        script: "kind = \"gap\"\nafter = 2\nvenue = \"coinbase\"",
        happens: &[
            ("0 c ticker A", "Send"),
            ("0 h trades A", "Send"),
            ("0 c ticker A", "Send"),
            ("0 c ticker A", "Skip"),
            ("0 c ticker A", "Send"),
        ],
    },
    Row {
        script: "kind = \"silent\"\nat = \"10s\"\nfor = \"5s\"",
        happens: &[
            ("9999 c heartbeats", "Send"),
            ("10000 c heartbeats", "Lose"),
            ("14999 h pong", "Lose"),
            ("15000 c heartbeats", "Send"),
        ],
    },
    Row {
        script: "kind = \"stall\"\ninstrument = \"BTC-USD\"\nat = \"1s\"",
        happens: &[
            ("0 c ticker BTC-USD", "Send"),
            ("1000 c ticker BTC-USD", "Lose"),
            ("1000 c ticker ETH-USD", "Send"),
            ("1000 c heartbeats", "Send"),
            ("99999999 c ticker BTC-USD", "Lose"),
        ],
    },
    Row {
        script: "kind = \"delay\"\ndelay_ms = 250\nfor = \"1s\"",
        happens: &[
            ("0 c ticker A", "Delay(250ms)"),
            ("999 c ticker A", "Delay(250ms)"),
            ("1000 c ticker A", "Send"),
        ],
    },
    Row {
        script: "kind = \"delay\"\ndelay_ms = 20\npath = \"/orders\"",
        happens: &[
            ("0 c ticker A", "Send"),
            ("0 c /time", "Answer"),
            ("0 c /v3/orders", "Delay(20ms)"),
            ("0 c /orders", "Answer"),
        ],
    },
    Row {
        script: "kind = \"rate_limit\"\nat = \"1s\"\nfor = \"60s\"",
        happens: &[
            ("0 c /orders", "Answer"),
            ("1000 c /orders", "RateLimit"),
            ("60999 h /exchange", "RateLimit"),
            ("61000 h /exchange", "Answer"),
            ("1000 c ticker A", "Send"),
        ],
    },
    Row {
        script: "kind = \"lost_reply\"\nafter = 1\npath = \"/orders\"",
        happens: &[
            ("0 c /orders", "Answer"),
            ("0 c /time", "Answer"),
            ("0 c /orders", "LostReply"),
            ("0 c /orders", "Answer"),
        ],
    },
    Row {
        script: "kind = \"error_after\"\ncount = 2",
        happens: &[("0 c /a", "ErrorAfter"), ("0 h /b", "ErrorAfter"), ("0 c /a", "Answer")],
    },
    // Where two rows strike the same frame the first does, and the other waits for the next.
    Row {
        script: "kind = \"duplicate\"\n[[fault]]\nkind = \"reorder\"",
        happens: &[("0 c ticker A", "Twice"), ("0 c ticker A", "AfterNext"), ("0 c ticker A", "Send")],
    },
    Row { script: "kind = \"disconnect\"", happens: &[("0 c /x", "Answer"), ("0 c ticker A", "Cut")] },
    Row {
        script: "kind = \"malformed\"\nchannel = \"bbo\"",
        happens: &[("0 h l2Book", "Send"), ("0 h bbo", "Broken")],
    },
    Row {
        script: "kind = \"malformed\"\npath = \"/info\"",
        happens: &[("0 h bbo", "Send"), ("0 h /info", "Broken")],
    },
    Row { script: "kind = \"unknown_body\"", happens: &[("0 h bbo", "Unknown")] },
    Row { script: "kind = \"unknown_body\"\npath = \"/\"", happens: &[("0 h /info", "Unknown")] },
    Row { script: "kind = \"unknown_channel\"", happens: &[("0 c ticker A", "AfterUnknown")] },
];

/// Breaks when a fault strikes what it is not about, at another time, or more often than it is told to.
#[test]
fn faults_strike_what_they_are_about() {
    for row in ROWS {
        let mut faults = Faults::new(Script::parse(&format!("[[fault]]\n{}\n", row.script)).unwrap());
        let mut struck = 0;
        for (happens, fate) in row.happens {
            let words: Vec<&str> = happens.split_whitespace().collect();
            let now = Duration::from_millis(words[0].parse().unwrap());
            let venue = if words[1] == "c" { Venue::Coinbase } else { Venue::Hyperliquid };
            let found = if words[2].starts_with('/') {
                format!("{:?}", faults.on_request(now, venue, &Request { path: words[2] }))
            } else {
                let frame = Frame { channel: words[2], instrument: words.get(3).copied() };
                format!("{:?}", faults.on_frame(now, venue, &frame))
            };
            assert_eq!(found, *fate, "{happens} under\n{}", row.script);
            struck += u64::from(!matches!(*fate, "Send" | "Answer"));
        }
        assert_eq!(faults.struck().values().sum::<u64>(), struck, "{}", row.script);
    }
}

/// Breaks when a skewed clock is right, skewed too early or for too long.
#[test]
fn clocks_are_off_while_they_are_told_to() {
    let script =
        "[[fault]]\nkind = \"clock_skew\"\nby_ms = -1500\nat = \"1s\"\nfor = \"2s\"\nvenue = \"coinbase\"";
    let mut faults = Faults::new(Script::parse(script).unwrap());
    let rows = [(0, 0), (999, 0), (1_000, -1_500), (2_999, -1_500), (3_000, 0)];
    for (ms, skew_ms) in rows {
        assert_eq!(faults.skew_ms(Duration::from_millis(ms), Venue::Coinbase), skew_ms, "at {ms}");
        assert_eq!(faults.skew_ms(Duration::from_millis(ms), Venue::Hyperliquid), 0, "at {ms}");
    }
    assert_eq!(faults.struck().get(&Kind::ClockSkew), Some(&1));
}
