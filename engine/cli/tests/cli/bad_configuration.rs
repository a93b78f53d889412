//! Bad configuration in a file, in the environment and on the command line: who said it, where, and what was meant.

use crate::bad_input::check;
use crate::kit::Place;

fn place() -> Place {
    let place = Place::new();
    place.write(
        "quotes.csv",
        "ts_ns,instrument,bid,bid_size,ask,ask_size\n2000000000000000000,BTC-USD.SIM,1.25,1,2,1\n",
    );
    place.done("import --format csv quotes.csv -o source");
    place
}

/// Files with one mistake each, and what is said of them.
const BAD_FILES: &[(&str, &[&str])] = &[
    (
        "\n[risk.limits]\nmax_positon_qty = \"1\"",
        &["bad.toml:3: unknown key 'risk.limits.max_positon_qty'", "did you mean 'max_position_qty'?"],
    ),
    ("[risks]\nself_trade = true", &["bad.toml:1: unknown key 'risks'", "'risk'"]),
    ("[zzz]\n", &["bad.toml:1: unknown key 'zzz'; the keys here are account, engine"]),
    (
        "\n\n[[strategy]]\nkind = \"ema-cross\"\nfsat = 3",
        &["bad.toml:5: ", "no parameter 'fsat' (did you mean 'fast'?)"],
    ),
    (
        "[[strategy]]\nkind = \"ema-corss\"",
        &["bad.toml:2: ", "no strategy kind 'ema-corss' (did you mean 'ema-cross'?)"],
    ),
    ("[[strategy]]\nfast = 3", &["bad.toml:1: ", "'kind' is missing"]),
    (
        "[[strategy]]\nkind = \"twap\"\n[[strategy]]\nkind = \"twap\"",
        &["bad.toml:3: ", "two strategies have the id 'twap'"],
    ),
    ("[[strategy]]\nid = \"risk\"\nkind = \"twap\"", &["bad.toml:2: ", "the name of a part of the engine"]),
    (
        "[[strategy]]\nkind = \"twap\"\ninstruments = [\n  \"BTC\",\n]",
        &["bad.toml:4: ", "'BTC' names no venue"],
    ),
    ("[account]\nallow_short = \"yes\"", &["bad.toml:2: 'account.allow_short'", "expected a boolean"]),
    ("[account]\nallow_short = maybe", &["bad.toml:2: not TOML"]),
    ("[account\nallow_short = true", &["bad.toml:1: not TOML"]),
    ("[account]\nallow_short = true\nallow_short = true", &["bad.toml:3: not TOML", "duplicate"]),
    ("[paper]\ndepth = \"bok\"", &["bad.toml:2: 'paper.depth'", "`book` or `unlimited`"]),
    ("[paper]\nentry_latency = -1", &["bad.toml:2: 'paper.entry_latency'", "write 0 or more"]),
    ("[paper]\nentry_latency = { kind = \"gamma\" }", &["bad.toml:2: 'paper.entry_latency", "uniform"]),
    ("[paper]\ntaker_fee = \"1.5\"", &["bad.toml:2: 'paper.taker_fee': 1.5 is no fee"]),
    (
        "[risk]\nmax_drawdown = \"much\"",
        &["bad.toml:2: 'risk.max_drawdown'", "\"much\" is not a decimal number"],
    ),
    (
        "[risk]\nmax_drawdown = \"NaN\"",
        &["bad.toml:2: 'risk.max_drawdown'", "\"NaN\" is not a decimal number"],
    ),
    ("[risk]\nmax_drawdown = nan", &["bad.toml:2: 'risk.max_drawdown'"]),
    ("[risk]\nmax_drawdown = inf", &["bad.toml:2: 'risk.max_drawdown'"]),
    ("[risk]\nmax_drawdown = \"1e16\"", &["bad.toml:2: 'risk.max_drawdown'", "beyond 1e15"]),
    ("[risk]\nmax_drawdown = \"0.0000000000001\"", &["bad.toml:2: ", "more than 12 decimals"]),
    ("[risk]\nmax_drawdown = \"-5\"", &["bad.toml:2: 'risk.max_drawdown'", "zero or more"]),
    ("[risk]\nmax_open_orders = -1", &["bad.toml:2: 'risk.max_open_orders'"]),
    ("[risk]\nmax_open_orders = 4294967296", &["bad.toml:2: 'risk.max_open_orders'"]),
    ("[risk]\nday_reset = \"25:00\"", &["bad.toml:2: 'risk.day_reset'"]),
    ("[risk]\nallow_short = true", &["bad.toml:2: unknown key 'risk.allow_short'"]),
    ("[risk.limits]\n\nprice_collar = \"-0.1\"", &["bad.toml:3: 'risk.limits.price_collar'", "zero or more"]),
    (
        "[risk.instruments.\"A.X\"]\nmax_order_qty = \"-1\"",
        &["bad.toml:2: 'risk.instruments.\"A.X\".max_order_qty'"],
    ),
    ("[risk.instruments.A]\nmax_order_qty = \"1\"", &["bad.toml:1: ", "'A' names no venue"]),
    (
        "[[risk.bands]]\nkind = \"stddev\"\nwidth = 0.0",
        &["bad.toml:1: ", "band 0", "width is a number above 0"],
    ),
    (
        "[[risk.bands]]\nkind = \"stdev\"",
        &["bad.toml:2: 'risk.bands.0.kind'", "'stdev' is not one of stddev, ewma, atr"],
    ),
    ("[instruments.\"BTC-USD.SIM\"]\ntick = \"0\"", &["bad.toml:2: ", "tick': it must be above 0"]),
    ("[instruments.\"BTC-USD.SIM\"]\ntick = \"-1\"", &["bad.toml:2: ", "a price cannot be negative"]),
    ("[instruments.\"BTC-USD.SIM\"]\nlot = \"-1\"", &["bad.toml:2: ", "lot': it must be above 0"]),
    ("[account.balances]\nUSD = \"-5\"", &["bad.toml:2: 'account.balances.USD'", "a balance is 0 or more"]),
    (
        "[account]\nreporting_asset = \"USD\"\n[account.balances]\nUSDT = \"9\"\nUSD = \"999999999999999\"\n[account.pegs]\nUSDT = \"999999999\"\n",
        &["bad.toml:5: ", "more than can be counted", "beyond 1e15"],
    ),
    ("[account.pegs]\nUSD = \"0\"", &["bad.toml:2: 'account.pegs.USD'", "above 0"]),
    ("[engine]\ncascade_limit = 0", &["bad.toml:2: 'engine.cascade_limit'", "write 1 or more"]),
    ("[journal]\nsegment_mib = 0", &["bad.toml:2: 'journal.segment_mib'", "write 1 or more"]),
    ("strategy = 1", &["bad.toml:1: 'strategy'", "expected a list"]),
    ("risk = 1", &["bad.toml:1: 'risk'", "expected a table"]),
];

/// Breaks when a mistake in a file passes, is found at another line, or its message does not help.
#[test]
fn bad_files() {
    let place = place();
    for (text, words) in BAD_FILES {
        place.write("bad.toml", text);
        for command in ["check-config -c bad.toml", "backtest source -c bad.toml -o out"] {
            check(&format!("{text:?}, {command}"), &place.reprise(command), 4, words);
        }
        assert!(!place.path("out").exists(), "{text:?}: a refused configuration leaves a folder");
    }
    let rest: &[(&str, &[&str])] = &[
        ("nosuch.toml", &["nosuch.toml cannot be read", "No such file"]),
        ("source", &["source cannot be read", "directory"]),
        ("latin1.toml", &["latin1.toml:2: not TOML: a byte is not UTF-8"]),
        ("quotes.csv", &["quotes.csv:1: not TOML"]),
    ];
    place.write("latin1.toml", b"[account]\nreporting_asset = \"\xe9\"\n");
    for (file, words) in rest {
        check(file, &place.reprise(&format!("check-config -c {file}")), 4, words);
    }
}

/// Options with one mistake each, and what is said of them.
const BAD_SETTINGS: &[(&str, &[&str])] = &[
    (
        "--set risk.max_drawdwon=3",
        &["--set risk.max_drawdwon=3: unknown key", "did you mean 'max_drawdown'?"],
    ),
    ("--set risk.max_drawdown=NaN", &["--set risk.max_drawdown=NaN: ", "\"NaN\" is not a decimal number"]),
    ("--set risk.max_drawdown", &["'risk.max_drawdown' sets nothing; write section.key=value"]),
    ("--set =3", &["'=3' sets nothing"]),
    ("--set a..b=3", &["'a..b=3' sets nothing"]),
    ("--set a.b.c=3", &["--set a.b.c=3: unknown key 'a'; the keys here are"]),
    ("--set risk=1", &["--set risk=1: 'risk'", "expected a table"]),
    ("--set strategy.fsat=3", &["--set strategy.fsat=3: ", "(did you mean 'fast'?)"]),
    ("--set strategy.fast=abc", &["--set strategy.fast=abc: ", "it takes a whole number"]),
    ("--set strategy.fast=0", &["--set strategy.fast=0: ", "at least 1"]),
    ("--set strategy.fast=99999999999", &["--set strategy.fast=99999999999: ", "a whole number"]),
    ("--set strategy.qty=-1", &["--set strategy.qty=-1: ", "a decimal number above 0"]),
    ("--set strategy.qty=1e16", &["--set strategy.qty=1e16: "]),
    ("--set strategy.source=tick", &["--set strategy.source=tick: ", "'quote' or 'bar'"]),
    ("--set strategy.7.fast=3", &["--set strategy.7.fast=3: there is no strategy '7'; there are ema-cross"]),
    (
        "-c two.toml --set strategy.slices=3",
        &["strategy.slices could mean any of a, b", "strategy.ID.slices"],
    ),
    ("-c two.toml --set strategy.c.slices=3", &["there is no strategy 'c'; there are a, b"]),
    ("--strategy ema-corss", &["--strategy ema-corss: ", "(did you mean 'ema-cross'?)"]),
    ("--strategy ema", &["the kinds are ema-cross, market-maker, mean-reversion, twap"]),
    (
        "--set account.balances.USD=999999999999999 --set account.reporting_asset=USD --set account.pegs.USDT=999999",
        &["account.balances", "beyond 1e15"],
    ),
];

/// Breaks when a mistake on the command line or in the environment passes, or is not laid at its door.
#[test]
fn bad_settings() {
    let place = place();
    place.write(
        "two.toml",
        "[[strategy]]\nid = \"a\"\nkind = \"twap\"\n[[strategy]]\nid = \"b\"\nkind = \"twap\"\n",
    );
    for (args, words) in BAD_SETTINGS {
        check(args, &place.reprise(&format!("backtest source {args} -o out")), 4, words);
    }
    let unknown = "backtest source --set strategy.instruments=[\"BTC-USDT.SIM\"] -o out";
    let words =
        ["--set strategy.instruments", "names the instrument BTC-USDT.SIM", "did you mean 'BTC-USD.SIM'?"];
    check(unknown, &place.reprise(unknown), 4, &words);
    let env: &[(&str, &str, &[&str])] = &[
        (
            "REPRISE__RISK__MAX_DRAWDWON",
            "3",
            &["environment variable REPRISE__RISK__MAX_DRAWDWON: unknown key", "'max_drawdown'"],
        ),
        (
            "REPRISE__RISK__MAX_DRAWDOWN",
            "much",
            &["environment variable REPRISE__RISK__MAX_DRAWDOWN: ", "\"much\""],
        ),
        (
            "REPRISE__STRATEGY__FAST",
            "x",
            &["environment variable REPRISE__STRATEGY__FAST: ", "a whole number"],
        ),
        ("REPRISE__ACCOUNT__BALANCES__USD", "x", &["'account.balances.USD'"]),
        ("REPRISE__", "3", &["'REPRISE__' sets nothing; write REPRISE__SECTION__KEY"]),
        ("REPRISE__RISK____LIMITS", "3", &["'REPRISE__RISK____LIMITS' sets nothing"]),
    ];
    for (name, value, words) in env {
        check(name, &place.reprise_with("check-config", &[(name, value)]), 4, words);
    }
    let said = place.shell("REPRISE__RISK__DAY_RESET=$(printf '\\377') $REPRISE check-config");
    check("not UTF-8", &said, 4, &["REPRISE__RISK__DAY_RESET", "is not UTF-8"]);
    // What is not ours is nobody's mistake.
    assert_eq!(place.reprise_with("check-config", &[("REPRISE_SHARED", "x"), ("REPRISEX__A", "1")]).code, 0);
}

/// Breaks when a limit for an instrument that the recording does not hold goes unnoticed.
#[test]
fn unknown_instruments_are_warned_about() {
    let place = place();
    let table = [
        ("risk.instruments.\"BTC-USDT.SIM\".max_order_qty=1", "risk.instruments speaks of BTC-USDT.SIM"),
        ("instruments.\"BTC-USDT.SIM\".lot=1", "instruments speaks of BTC-USDT.SIM"),
        ("risk.allow_list=[\"BTC-USDT.SIM\"]", "risk.allow_list speaks of BTC-USDT.SIM"),
        ("account.conversions.BTC=\"BTC-USDT.SIM\"", "account.conversions speaks of BTC-USDT.SIM"),
    ];
    for (at, (setting, words)) in table.into_iter().enumerate() {
        let said = place.done(&format!("backtest source --set {setting} -o out-{at} --json"));
        assert!(
            said.err.contains(words) && said.err.contains("did you mean BTC-USD.SIM?"),
            "{setting}: {said:?}"
        );
        assert!(said.json().is_object());
    }
    assert!(!place.done("backtest source -o out --json").err.contains("speaks of"));
}
