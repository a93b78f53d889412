//! What rows of each format become: small files in, exact events out.

use crate::common::{Files, import, shown};
use reprise_market_data::import::Format::{Csv, ItemJsonl, Lean, Recorder};
use reprise_market_data::import::{Format, ImportPlan};
use reprise_model::{InstrumentClass, QuoteSource};

fn check(about: &str, format: Format, files: &[(&str, &str)], expected: &[&str]) {
    check_plan(about, format, files, |_| {}, expected);
}

fn check_plan(
    about: &str,
    format: Format,
    files: &[(&str, &str)],
    change: impl FnOnce(&mut ImportPlan),
    expected: &[&str],
) {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let files = Files::new(&files);
    let mut plan = files.plan(format);
    change(&mut plan);
    let found = import(plan).unwrap_or_else(|fault| panic!("{about}: {fault}"));
    let events: Vec<String> = found.events.iter().map(shown).collect();
    assert_eq!(events, expected, "{about}");
}

/// Breaks when a column is taken for another, a side for the other, or a trade comes before its quote.
#[test]
fn csv_rows() {
    let header = "ts_ns,instrument,bid,bid_size,ask,ask_size,last,last_size,side\n";
    let quote = r#"5 market.quote {"instrument":"BTC-USD.CSV","bid":"1.5","bid_size":"2","ask":"1.6","ask_size":"3"}"#;
    let rows: [(&str, &str, &[&str]); 8] = [
        ("a quote", "5,BTC-USD,1.5,2,1.60,3,,,\n", &[quote]),
        (
            "a quote and its trade",
            "5,BTC-USD,1.5,2,1.60,3,1.55,0.1,Sell\n",
            &[
                quote,
                r#"5 market.trade {"instrument":"BTC-USD.CSV","price":"1.55","qty":"0.1","side":"sell"}"#,
            ],
        ),
        (
            "a trade alone, of no side",
            "5,BTC-USD,,,,,1.55,0.1,",
            &[r#"5 market.trade {"instrument":"BTC-USD.CSV","price":"1.55","qty":"0.1"}"#],
        ),
        (
            "one side only, and a size of zero is no side",
            "5,BTC-USD,1.5,2,,,,,\r\n6,BTC-USD,1.5,0,1.6,3,,,\r\n",
            &[
                r#"5 market.quote {"instrument":"BTC-USD.CSV","bid":"1.5","bid_size":"2"}"#,
                r#"6 market.quote {"instrument":"BTC-USD.CSV","ask":"1.6","ask_size":"3"}"#,
            ],
        ),
        ("a venue of its own, quotes, spaces", "5, \"BTC-USD.CSV\" ,\"1.5\", 2,1.6 ,3e0,,,\n", &[quote]),
        ("blank lines", "\n\n5,BTC-USD,1.5,2,1.6,3,,,\n\n", &[quote]),
        (
            "locked",
            "5,A.X,1,1,1,1,,,\n",
            &[r#"5 market.quote {"instrument":"A.X","bid":"1","bid_size":"1","ask":"1","ask_size":"1"}"#],
        ),
        (
            "instruments out of step with each other, ties in file order",
            "7,A.X,1,1,,,,,\n5,B.X,1,1,,,,,\n7,B.X,2,1,,,,,\n7,A.X,2,1,,,,,\n",
            &[
                r#"5 market.quote {"instrument":"B.X","bid":"1","bid_size":"1"}"#,
                r#"7 market.quote {"instrument":"A.X","bid":"1","bid_size":"1"}"#,
                r#"7 market.quote {"instrument":"B.X","bid":"2","bid_size":"1"}"#,
                r#"7 market.quote {"instrument":"A.X","bid":"2","bid_size":"1"}"#,
            ],
        ),
    ];
    for (about, text, expected) in rows {
        check(about, Csv, &[("q.csv", &format!("{header}{text}"))], expected);
        check(about, Csv, &[("q.csv", &format!("\u{feff}{header}{text}"))], expected);
    }
    let shuffled = "ask_size,Ask,note,bid_size,bid,instrument,ts_ns\n3,1.6,hello,2,1.5,BTC-USD,5\n";
    check("columns in another order", Csv, &[("q.csv", shuffled)], &[quote]);
    let named = |plan: &mut ImportPlan| plan.venue = Some("csv".to_owned());
    check_plan("a venue", Csv, &[("q.csv", shuffled)], named, &[quote]);
    let named = |plan: &mut ImportPlan| plan.instrument = "BTC-USD.CSV".parse().ok();
    let other = shuffled.replace("BTC-USD", "XBT");
    check_plan("an instrument", Csv, &[("q.csv", &other)], named, &[quote]);
}

/// Breaks when rows of several files are not merged by time, ties by the order in which files are named.
#[test]
fn files_are_merged_by_time() {
    let header = "ts_ns,instrument,bid,bid_size,ask,ask_size\n";
    let a = format!("{header}9,A.X,1,1,,\n20,A.X,2,1,,\n");
    let b = format!("{header}1,B.X,1,1,,\n9,B.X,2,1,,\n30,B.X,3,1,,\n");
    let c = format!("{header}40,A.X,3,1,,\n");
    let line = |ts: u64, id: &str, bid: u64| {
        format!(r#"{ts} market.quote {{"instrument":"{id}","bid":"{bid}","bid_size":"1"}}"#)
    };
    let expected = [
        line(1, "B.X", 1),
        line(9, "A.X", 1),
        line(9, "B.X", 2),
        line(20, "A.X", 2),
        line(30, "B.X", 3),
        line(40, "A.X", 3),
    ];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check("named in one order", Csv, &[("c.csv", &c), ("a.csv", &a), ("b.csv", &b)], &expected);
    let mut swapped = expected.clone();
    swapped.swap(1, 2);
    check("named in another", Csv, &[("b.csv", &b), ("a.csv", &a), ("c.csv", &c)], &swapped);
}

/// Breaks when numbers lose digits on their way, or instruments get the wrong names.
#[test]
fn item_rows() {
    let item = |ts: &str, exchange: &str, n: u32, kind: &str| {
        format!(
            r#"{{"Item":{{"time_exchange":"2025-03-25T23:07:00.715Z","time_received":"{ts}","exchange":"{exchange}","instrument":{n},"kind":{kind}}}}}"#
        )
    };
    let text = [
        item(
            "2025-03-25T23:07:01.000000002Z",
            "binance_spot",
            1,
            r#"{"OrderBookL1":{"last_update_time":"x","best_bid":{"price":"2059.10000000","amount":33.0914},"best_ask":null}}"#,
        ),
        item(
            "2025-03-25T23:07:01.000000001Z",
            "binance_spot",
            0,
            r#"{"Trade":{"id":"47","price":87232.010000000001,"amount":1.2e-4,"side":"Sell"}}"#,
        ),
        r#"{"Reconnecting":"binance_spot"}"#.to_owned(),
        item("2025-03-25T23:07:02Z", "kraken", 7, r#"{"Trade":{"id":"x y","price":"1","amount":"2","side":"buy"}}"#),
        item("2025-03-25T23:07:03Z", "kraken", 7, r#"{"Liquidation":{"price":1}}"#),
    ]
    .join("\n");
    let expected = [
        r#"1742944021000000001 market.trade {"instrument":"BTCUSDT.BINANCE","price":"87232.010000000001","qty":"0.00012","side":"sell","trade_id":"47","venue_ts":1742944020715000000}"#,
        r#"1742944021000000002 market.quote {"instrument":"ETHUSDT.BINANCE","bid":"2059.1","bid_size":"33.0914","venue_ts":1742944020715000000}"#,
        r#"1742944022000000000 market.trade {"instrument":"INSTRUMENT-7.KRAKEN","price":"1","qty":"2","side":"buy","venue_ts":1742944020715000000}"#,
    ];
    check("three instruments", ItemJsonl, &[("x.json", &text)], &expected);
    let files = Files::new(&[("x.json", text.as_bytes())]);
    let found = import(files.plan(ItemJsonl)).unwrap();
    assert_eq!(found.report.rows, 5);
    let passed: Vec<(&str, u64)> =
        found.report.passed_over.iter().map(|(what, n)| (what.as_str(), *n)).collect();
    assert_eq!(passed, [("Reconnecting", 1), ("kinds other than OrderBookL1 and Trade", 1)]);
}

/// Breaks when bars do not become events at their close, or their sides and sizes are mixed up.
#[test]
fn lean_rows() {
    let day = 1_522_800_000_000_000_000u64;
    let quote_day = "7424.9,7430,7400,7424.9,1.88483821,7424.91,7431,7424.91,7425.5,33.35399601000002";
    let quote = |ts: u64| {
        format!(
            r#"{ts} market.quote {{"instrument":"BTC-USD.COINBASE","bid":"7424.9","bid_size":"1.88483821","ask":"7425.5","ask_size":"33.35399601"}}"#
        )
    };
    let bar = |ts: u64, interval: u64| {
        format!(
            r#"{ts} market.bar {{"instrument":"BTC-USD.COINBASE","interval_ns":{interval},"open":"7424.91","high":"7425","low":"7422","close":"7422","volume":"7.14319709"}}"#
        )
    };
    let trade = "7424.91,7425,7422,7422,7.1431970900000001";
    let second = 1_000_000_000u64;
    let rows: [(&str, &str, String, Vec<String>); 5] = [
        (
            "minute quotes",
            "minute/btcusd_20180404_quote.zip:20180404_btcusd_minute_quote.csv",
            format!("60000,{quote_day}\n"),
            vec![quote(day + 120 * second)],
        ),
        (
            "a quote of one side",
            "minute/btcusd_20180404_quote.zip:20180404_btcusd_minute_quote.csv",
            "0,,,,,,7424.91,7431,7424.91,7425.5,33.5\n".to_owned(),
            vec![format!(
                r#"{} market.quote {{"instrument":"BTC-USD.COINBASE","ask":"7425.5","ask_size":"33.5"}}"#,
                day + 60 * second
            )],
        ),
        (
            "second bars, not zipped",
            "second/20180404_btcusd_second_trade.csv",
            format!("4000,{trade}\r\n"),
            vec![bar(day + 5 * second, second)],
        ),
        (
            "hour bars",
            "hour/btcusd_trade.zip:btcusd.csv",
            format!("20180404 23:00,{trade}"),
            vec![bar(day + 86_400 * second, 3_600 * second)],
        ),
        (
            "daily bars",
            "daily/btcusd_trade.zip:btcusd.csv",
            format!("20180404 00:00,{trade}"),
            vec![bar(day + 86_400 * second, 86_400 * second)],
        ),
    ];
    for (about, name, text, expected) in rows {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(about, Lean, &[(name, &text)], &expected);
    }
}

/// Breaks when a tick's sides are mixed up, or one that is marked as suspicious is taken.
#[test]
fn lean_ticks() {
    let day = 1_522_800_000_000_000_000u64;
    let quote = |ts: u64| {
        format!(
            r#"{ts} market.quote {{"instrument":"BTC-USD.COINBASE","bid":"7424.9","bid_size":"1.88483821","ask":"7425.5","ask_size":"33.35399601"}}"#
        )
    };
    let rows: [(&str, &str, String, Vec<String>); 2] = [
        (
            "quote ticks",
            "tick/btcusd/20180404_quote.zip:20180404_btcusd_tick_quote.csv",
            "1,7424.9,1.88483821,7425.5,33.35399601\n1.5,0,0,7425.5,33.35399601,0\n2,1,1,2,1,1".to_owned(),
            vec![
                quote(day + 1_000_000),
                format!(
                    r#"{} market.quote {{"instrument":"BTC-USD.COINBASE","ask":"7425.5","ask_size":"33.35399601"}}"#,
                    day + 1_500_000
                ),
            ],
        ),
        (
            "trade ticks",
            "tick/btcusd/20180404_trade.zip:20180404_btcusd_tick_trade.csv",
            "1,7424.9,0.5\n".to_owned(),
            vec![format!(
                r#"{} market.trade {{"instrument":"BTC-USD.COINBASE","price":"7424.9","qty":"0.5"}}"#,
                day + 1_000_000
            )],
        ),
    ];
    for (about, name, text, expected) in rows {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(about, Lean, &[(name, &text)], &expected);
    }
}

const TICKER: &str =
    r#"{"stream":"btcusdt@bookTicker","data":{"u":12,"s":"BTCUSDT","b":"1.10","B":"2","a":"1.2","A":"0.5"}}"#;

/// Breaks when a message of Binance is read wrongly, combined or single, spot or futures.
#[test]
fn binance_messages() {
    let quote = |rest: &str| {
        format!(
            r#"7 market.quote {{"instrument":"BTCUSDT.BINANCE","bid":"1.1","bid_size":"2","ask":"1.2","ask_size":"0.5"{rest}}}"#
        )
    };
    let trade = |rest: &str| {
        format!(
            r#"7 market.trade {{"instrument":"BTCUSDT.BINANCE","price":"1.5","qty":"0.02",{rest},"venue_ts":42000000}}"#
        )
    };
    let rows: [(&str, &str, Vec<String>); 9] = [
        ("a ticker", TICKER, vec![quote("")]),
        (
            "a single ticker of futures",
            r#"{"e":"bookTicker","u":12,"E":43,"T":42,"s":"BTCUSDT","b":"1.10","B":"2","a":"1.2","A":"0.5"}"#,
            vec![quote(r#","venue_ts":42000000"#)],
        ),
        (
            "a trade, the buyer is maker",
            r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":43,"s":"BTCUSDT","t":99,"p":"1.50000","q":"0.02","T":42,"m":true,"M":true}}"#,
            vec![trade(r#""side":"sell","trade_id":"99""#)],
        ),
        (
            "an aggregate of trades",
            r#"{"e":"aggTrade","E":43,"s":"BTCUSDT","a":98,"p":"1.5","q":"0.02","f":1,"l":2,"T":42,"m":false}"#,
            vec![trade(r#""side":"buy","trade_id":"98""#)],
        ),
        (
            "trades that are none, then a mark",
            "{\"e\":\"trade\",\"s\":\"BTCUSDT\",\"t\":99,\"p\":\"0\",\"q\":\"0\",\"T\":42,\"X\":\"NA\",\"m\":true}\n\
             8 {\"e\":\"markPriceUpdate\",\"E\":43,\"s\":\"BTCUSDT\",\"p\":\"1.5\",\"i\":\"1.6\",\"r\":\"0.1\",\"T\":99}",
            vec![r#"8 market.mark {"instrument":"BTCUSDT.BINANCE","mark":"1.5","oracle":"1.6","venue_ts":43000000}"#.to_owned()],
        ),
        (
            "an answer, a candle, a partial depth, then a ticker",
            &format!(
                "{{\"result\":null,\"id\":1}}\n7 {{\"e\":\"kline\",\"s\":\"X\",\"k\":{{}}}}\n7 {{\"stream\":\"btcusdt@depth5\",\
                 \"data\":{{\"lastUpdateId\":1,\"bids\":[],\"asks\":[]}}}}\n7 {TICKER}"
            ),
            vec![quote("")],
        ),
        (
            "a ticker without an ask",
            r#"{"u":12,"s":"BTCUSDT","b":"1.10","B":"2","a":"0.00000000","A":"0.00000000"}"#,
            vec![r#"7 market.quote {"instrument":"BTCUSDT.BINANCE","bid":"1.1","bid_size":"2"}"#.to_owned()],
        ),
        (
            "a stream without a symbol in its message",
            r#"{"stream":"btcusdt@bookTicker","data":{"u":12,"b":"1.10","B":"2","a":"1.2","A":"0.5"}}"#,
            vec![quote("")],
        ),
        (
            "an aggregate beside its trades",
            "{\"e\":\"aggTrade\",\"s\":\"BTCUSDT\",\"a\":98,\"p\":\"1.5\",\"q\":\"0.02\",\"T\":42,\"m\":true}\n7 \
             {\"e\":\"trade\",\"s\":\"BTCUSDT\",\"t\":99,\"p\":\"1.5\",\"q\":\"0.02\",\"T\":42,\"m\":true}",
            vec![trade(r#""side":"sell","trade_id":"99""#)],
        ),
    ];
    for (about, text, expected) in rows {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(about, Recorder, &[("x.txt", &format!("7 {text}\n"))], &expected);
    }
}

/// Breaks when a book is emitted that the venue never had, or a hole in it goes untold.
#[test]
fn binance_books() {
    let depth = |ts: u64, first: u64, last: u64, bid: &str| {
        format!(
            r#"{ts} {{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":{first},"u":{last},"b":[["1.0","{bid}"]],"a":[["2.0","0",[]]]}}}}"#
        )
    };
    let whole = |ts: u64, last: u64| {
        format!(r#"{ts} {{"lastUpdateId":{last},"bids":[["1.0","5"],["0.9","0.0"]],"asks":[["2.0","6"]]}}"#)
    };
    let text = [
        depth(1, 5, 8, "1"),
        depth(2, 9, 12, "2"),
        whole(3, 10),
        depth(4, 13, 13, "3"),
        depth(5, 15, 15, "4"),
        depth(6, 16, 17, "5"),
        whole(7, 15),
        depth(8, 18, 18, "6"),
    ]
    .join("\n");
    let snapshot = |ts: u64| {
        format!(
            r#"{ts} market.book {{"instrument":"BTCUSDT.BINANCE","action":"snapshot","bids":[["1","5"]],"asks":[["2","6"]]}}"#
        )
    };
    let update = |ts: u64, bid: &str| {
        format!(
            r#"{ts} market.book {{"instrument":"BTCUSDT.BINANCE","action":"update","bids":[["1","{bid}"]],"asks":[["2","0"]],"venue_ts":1000000}}"#
        )
    };
    let status = |ts: u64, state: &str, reason: &str| {
        format!(
            r#"{ts} feed.status {{"venue":"BINANCE","instrument":"BTCUSDT.BINANCE","state":"{state}","reason":"{reason}"}}"#
        )
    };
    let expected = [
        snapshot(3),
        update(3, "2"),
        update(4, "3"),
        status(5, "gap", "book updates are missing: 15 came after 13"),
        status(7, "live", "a snapshot of the book closes the gap"),
        snapshot(7),
        update(7, "5"),
        update(8, "6"),
    ];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check("one file", Recorder, &[("x.txt", &text)], &expected);
    let (one, two) = text.split_at(text.find("\n5 ").unwrap() + 1);
    check("a book goes on in the next file", Recorder, &[("1.txt", one), ("2.txt", two)], &expected);
    let files = Files::new(&[("x.txt", text.as_bytes())]);
    let found = import(files.plan(Recorder)).unwrap();
    assert_eq!(found.instruments[0].quote_source, QuoteSource::Book);
    assert!(
        found
            .report
            .warnings
            .iter()
            .any(|w| w
                == "BTCUSDT.BINANCE: in its book 1 gaps, at each of which the book waits for a snapshot"),
        "{:?}",
        found.report.warnings
    );
    let futures = text.replace("\"U\":", "\"pu\":4,\"U\":");
    let files = Files::new(&[("x.txt", futures.as_bytes())]);
    assert_eq!(import(files.plan(Recorder)).unwrap().instruments[0].class, InstrumentClass::Perpetual);
}

/// Breaks when an old trade passes for news, or one is counted twice.
#[test]
fn hyperliquid_messages() {
    let trades = |recv_ms: u64, list: &[(u64, u64)]| {
        let list: Vec<String> = list
            .iter()
            .map(|(id, ms)| {
                format!(
                    r#"{{"coin":"BTC","hash":"0x","px":"105056.0","side":"A","sz":"0.00219","tid":{id},"time":{ms},"users":["a","b"]}}"#
                )
            })
            .collect();
        format!(r#"{recv_ms}000000 {{"channel":"trades","data":[{}]}}"#, list.join(","))
    };
    let text = [
        r#"100000000000 {"channel":"subscriptionResponse","data":{"method":"subscribe"}}"#.to_owned(),
        r#"100001000000 {"channel":"l2Book","data":{"coin":"BTC","time":100000,"levels":[[{"px":"105055.0","sz":"3.0","n":5}],[{"px":"105056.5","sz":"1","n":1}]]}}"#.to_owned(),
        trades(100_002, &[(1, 60_000), (2, 99_999), (3, 100_001)]),
        trades(100_003, &[(3, 100_001), (4, 100_002)]),
        // Subscribed again: one that was missed long ago, one that was seen, one that is new.
        trades(120_000, &[(5, 101_000), (4, 100_002), (6, 119_999)]),
        r#"120001000000 {"channel":"bbo","data":{"coin":"BTC","time":120000,"bbo":[{"px":"105055.0","sz":"3.0","n":5},null]}}"#.to_owned(),
        r#"120002000000 {"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"funding":"0.1","markPx":"105050.5","oraclePx":"105049.0"}}}"#.to_owned(),
        r#"120003000000 {"channel":"pong"}"#.to_owned(),
    ]
    .join("\n");
    let trade = |ts: u64, id: u64, ms: u64, historical: bool| {
        let mark = if historical { r#","historical":true"# } else { "" };
        format!(
            r#"{ts}000000 market.trade {{"instrument":"BTC-PERP.HYPERLIQUID","price":"105056","qty":"0.00219","side":"sell","trade_id":"{id}"{mark},"venue_ts":{ms}000000}}"#
        )
    };
    let expected = [
        r#"100001000000 market.book {"instrument":"BTC-PERP.HYPERLIQUID","action":"snapshot","bids":[["105055","3"]],"asks":[["105056.5","1"]],"venue_ts":100000000000}"#.to_owned(),
        trade(100_002, 1, 60_000, true),
        trade(100_002, 2, 99_999, true),
        trade(100_002, 3, 100_001, false),
        trade(100_003, 4, 100_002, false),
        trade(120_000, 5, 101_000, true),
        trade(120_000, 6, 119_999, false),
        r#"120001000000 market.quote {"instrument":"BTC-PERP.HYPERLIQUID","bid":"105055","bid_size":"3","venue_ts":120000000000}"#.to_owned(),
        r#"120002000000 market.mark {"instrument":"BTC-PERP.HYPERLIQUID","mark":"105050.5","oracle":"105049"}"#.to_owned(),
    ];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check("one coin", Recorder, &[("x.txt", &text)], &expected);
    let files = Files::new(&[("x.txt", text.as_bytes())]);
    let found = import(files.plan(Recorder)).unwrap();
    let [one] = found.instruments.as_slice() else { panic!("{:?}", found.instruments) };
    assert_eq!((one.class, one.significant_digits), (InstrumentClass::Perpetual, Some(5)));
    assert_eq!(
        (one.base.as_str(), one.quote.as_str(), one.tick.to_string().as_str()),
        ("BTC", "USDC", "0.1")
    );
    assert_eq!(one.lot.to_string(), "0.00001");
    let passed: Vec<(&str, u64)> =
        found.report.passed_over.iter().map(|(what, n)| (what.as_str(), *n)).collect();
    assert_eq!(passed, [("pong", 1), ("subscriptionResponse", 1), ("trades that were sent again", 2)]);
}
