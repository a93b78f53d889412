//! Configuration: who is heard over whom, and that every value's origin is told.

use crate::kit::{Place, root};

/// The value of a key and who said it.
fn value_of(place: &Place, args: &str, env: &[(&str, &str)], key: &str) -> (String, String) {
    let said = place.reprise_with(&format!("check-config --print --json {args}"), env);
    assert_eq!(said.code, 0, "{args}: {said:?}");
    let json = said.json();
    assert_eq!(json["valid"], true);
    let rows = json["values"].as_array().unwrap();
    let row = rows.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no {key} in {json}"));
    (row["value"].to_string(), row["origin"].as_str().unwrap().to_owned())
}

/// Environment variables.
type Env = &'static [(&'static str, &'static str)];

/// Options and environment, a key, its value, and who said it.
type Heard = (&'static str, Env, &'static str, &'static str, &'static str);

const DRAWDOWN_3: Env = &[("REPRISE__RISK__MAX_DRAWDOWN", "3"), ("REPRISE__ACCOUNT__BALANCES__EUR", "7")];
const FAST_6: Env = &[("REPRISE__STRATEGY__FAST", "6")];
const SLICES_3: Env = &[("REPRISE__STRATEGY__SLICES", "3")];
const DRAWDOWN_SAID: &str = "environment variable REPRISE__RISK__MAX_DRAWDOWN";
const EUR_SAID: &str = "environment variable REPRISE__ACCOUNT__BALANCES__EUR";
const SLICES_SAID: &str = "environment variable REPRISE__STRATEGY__SLICES";
const FAST_SAID: &str = "environment variable REPRISE__STRATEGY__FAST";
const SET_4: &str = "--set risk.max_drawdown=4";
const SET_WIDTH: &str = "--set risk.bands.0.width=4.0";
const SET_LATENCY: &str = "--set paper.entry_latency=9";

const LAYERS: &[Heard] = &[
    ("-c a.toml", &[], "risk.max_drawdown", "\"1\"", "a.toml:2"),
    ("-c a.toml -c b.toml", &[], "risk.max_drawdown", "\"2\"", "b.toml:3"),
    ("-c b.toml -c a.toml", &[], "risk.max_drawdown", "\"1\"", "a.toml:2"),
    ("-c a.toml -c b.toml", DRAWDOWN_3, "risk.max_drawdown", "\"3\"", DRAWDOWN_SAID),
    ("-c a.toml --set risk.max_drawdown=4", DRAWDOWN_3, "risk.max_drawdown", "\"4\"", SET_4),
    (
        "-c a.toml --set risk.max_drawdown=5 --set risk.max_drawdown=4",
        &[],
        "risk.max_drawdown",
        "\"4\"",
        SET_4,
    ),
    // What nobody spoke of is a default, also in a section that somebody spoke of.
    ("-c a.toml -c b.toml", &[], "risk.max_daily_loss", "\"1\"", "a.toml:3"),
    ("-c a.toml", &[], "risk.max_net_exposure", "null", "default"),
    ("-c b.toml", &[], "risk.bands.0.window", "20", "default"),
    ("-c b.toml", &[], "risk.bands.0.width", "3.0", "b.toml:6"),
    ("-c b.toml --set risk.bands.0.width=4.0", &[], "risk.bands.0.width", "4.0", SET_WIDTH),
    ("-c b.toml --set risk.bands.0.width=4.0", &[], "risk.bands.0.kind", "\"ewma\"", "b.toml:5"),
    // One number stands for a table, and takes the lines of the table with it.
    ("-c a.toml", &[], "paper.entry_latency.ns", "5", "a.toml:6"),
    ("-c a.toml --set paper.entry_latency=9", &[], "paper.entry_latency.ns", "9", SET_LATENCY),
    ("-c a.toml --set paper.entry_latency=9", &[], "paper.entry_latency.kind", "\"constant\"", SET_LATENCY),
    // Names keep their case in the environment.
    ("", DRAWDOWN_3, "account.balances.EUR", "\"7\"", EUR_SAID),
    ("", &[], "account.allow_short", "true", "conf/backtest.toml:17"),
    // A strategy's own defaults are values too.
    ("", &[], "strategy.0.fast", "12", "default"),
    ("--set strategy.fast=5", &[], "strategy.0.fast", "5", "--set strategy.fast=5"),
    ("", FAST_6, "strategy.0.fast", "6", FAST_SAID),
];

/// Breaks when a layer is heard over one that stands above it, or a value is laid at another's door.
#[test]
fn later_layers_are_heard_over_earlier_ones() {
    let place = Place::new();
    place.write(
        "a.toml",
        "[risk]\nmax_drawdown = \"1\"\nmax_daily_loss = \"1\"\n\n\
         [paper]\nentry_latency = { kind = \"constant\", ns = 5 }\n",
    );
    place.write(
        "b.toml",
        "# laid over a.toml\n[risk]\nmax_drawdown = \"2\"\n[[risk.bands]]\nkind = \"ewma\"\nwidth = 3.0\n",
    );
    for (args, env, key, value, origin) in LAYERS {
        let expected = ((*value).to_owned(), (*origin).to_owned());
        assert_eq!(value_of(&place, args, env, key), expected, "{args} {env:?}: {key}");
    }
}

/// Which strategies run, and what one of them is told.
const CHOICES: &[(&[&str], Heard)] = &[
    (&["trend", "other", "twap"], ("-c three.toml", &[], "strategy.1.fast", "4", "three.toml:9")),
    (&["other"], ("-c three.toml --strategy other", &[], "strategy.0.fast", "4", "three.toml:9")),
    (
        &["trend", "other"],
        ("-c three.toml --strategy ema-cross", &[], "strategy.1.fast", "4", "three.toml:9"),
    ),
    (&["twap"], ("-c three.toml --strategy twap", &[], "strategy.0.slices", "2", "three.toml:13")),
    (&["twap"], ("-c three.toml --strategy twap", SLICES_3, "strategy.0.slices", "3", SLICES_SAID)),
    (
        &["market-maker"],
        (
            "-c three.toml --strategy market-maker",
            &[],
            "strategy.0.kind",
            "\"market-maker\"",
            "--strategy market-maker",
        ),
    ),
    (
        &["trend", "other", "twap"],
        (
            "-c three.toml --set strategy.other.fast=9",
            &[],
            "strategy.1.fast",
            "9",
            "--set strategy.other.fast=9",
        ),
    ),
    (
        &["trend", "other", "twap"],
        ("-c three.toml --set strategy.other.fast=9", &[], "strategy.0.fast", "3", "three.toml:4"),
    ),
    (
        &["trend", "other", "twap"],
        (
            "-c three.toml --set strategy.2.slices=9",
            &[],
            "strategy.2.slices",
            "9",
            "--set strategy.2.slices=9",
        ),
    ),
    // Parameters belong to their kind, instruments to the single instance.
    (&["twap"], ("-c one.toml --strategy twap", &[], "strategy.0.instruments", "[\"A.X\"]", "one.toml:3")),
    (&["ema-cross"], ("-c one.toml --strategy ema-cross", &[], "strategy.0.fast", "7", "one.toml:4")),
    (
        &["ema-cross"],
        (
            "-c one.toml --strategy ema-cross --set strategy.fast=8",
            &[],
            "strategy.0.fast",
            "8",
            "--set strategy.fast=8",
        ),
    ),
    (&["twap"], ("--strategy twap", SLICES_3, "strategy.0.slices", "3", SLICES_SAID)),
    (&["ema-cross"], ("-c table.toml", &[], "strategy.0.fast", "3", "table.toml:4")),
];

/// Breaks when `--strategy` runs another strategy than it names, or forgets how that one is configured.
#[test]
fn strategies_are_chosen_by_name() {
    let place = Place::new();
    place.write(
        "three.toml",
        "[[strategy]]\nid = \"trend\"\nkind = \"ema-cross\"\nfast = 3\n\n\
         [[strategy]]\nid = \"other\"\nkind = \"ema-cross\"\nfast = 4\n\n\
         [[strategy]]\nkind = \"twap\"\nslices = 2\n",
    );
    place.write("one.toml", "[[strategy]]\nkind = \"ema-cross\"\ninstruments = [\"A.X\"]\nfast = 7\n");
    // A table in place of a list of tables is the single strategy.
    place.write("table.toml", "# one\n[strategy]\nkind = \"ema-cross\"\nfast = 3\n");
    for (ids, (args, env, key, value, origin)) in CHOICES {
        let expected = ((*value).to_owned(), (*origin).to_owned());
        assert_eq!(value_of(&place, args, env, key), expected, "{args} {env:?}: {key}");
        let config = place.reprise_with(&format!("check-config --json {args}"), env).json();
        let strategies = config["config"]["strategy"].as_array().unwrap();
        let found: Vec<&str> = strategies.iter().filter_map(|s| s["id"].as_str()).collect();
        assert_eq!(found, *ids, "{args}");
    }
}

/// Breaks when a configuration that comes with the product is not valid, or its origins are not shown to a person.
#[test]
fn shipped_configurations_are_valid() {
    let place = Place::new();
    let mut checked = 0;
    for entry in std::fs::read_dir(root().join("conf")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let said = place.done(&format!("check-config -c {} --print", path.display()));
        assert!(said.out.contains(&format!("{}:", path.display())), "{}", said.out);
        assert!(said.out.contains("not set"), "{}", said.out);
        checked += 1;
    }
    assert!(checked >= 2, "conf/ holds {checked} configurations");
    assert!(place.done("check-config").out.contains("valid"));
}

/// Breaks when what other programs read of us is not in their language.
#[test]
fn schema_tables_and_completions() {
    let place = Place::new();
    let schema = place.json("schema");
    assert!(
        schema["$schema"].as_str().unwrap().starts_with("https://json-schema.org/"),
        "{}",
        schema["$schema"]
    );
    assert_eq!(place.json("schema journal"), schema);
    for (topic, column) in [("kinds", "kind"), ("refusals", "rule")] {
        let rows = place.json(&format!("schema {topic} --json"));
        let rows = rows.as_array().unwrap();
        let shown = place.done(&format!("schema {topic}")).out;
        assert!(rows.len() > 20);
        assert!(rows.iter().all(|row| shown.contains(row[column].as_str().unwrap())), "schema {topic}");
    }
    let strategies = place.json("strategies --json");
    let names: Vec<&str> = strategies.as_array().unwrap().iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(names, ["ema-cross", "market-maker", "mean-reversion", "twap"]);
    let shown = place.done("strategies").out;
    assert!(names.iter().all(|name| shown.contains(name)));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.done(&format!("completions {shell}")).out;
        for command in ["demo", "import", "backtest", "verify", "journal", "check-config", "schema", "init"] {
            assert!(script.contains(command), "{shell} does not complete {command}");
        }
    }
    place.write("bash", place.done("completions bash").out);
    let said = place.shell(
        "command -v bash >/dev/null || exit 0; bash -n bash && bash -c '. ./bash; complete -p reprise'",
    );
    assert_eq!(said.code, 0, "{said:?}");
}

/// Breaks when a crate that `init` makes lacks a file, or a place to fill in stays empty.
#[test]
fn init_makes_a_crate() {
    let place = Place::new();
    let said = place.done("init my-desk");
    assert!(said.out.contains("cd my-desk && cargo test"), "{}", said.out);
    for file in [
        "Cargo.toml",
        "Cargo.lock",
        ".gitignore",
        "rustfmt.toml",
        "README.md",
        "src/main.rs",
        "src/my_strategy.rs",
        "conf/backtest.toml",
        "tests/backtest.rs",
    ] {
        let text = String::from_utf8(place.read(&format!("my-desk/{file}"))).unwrap();
        assert!(!text.trim().is_empty(), "{file} is empty");
        assert!(!text.contains("{{"), "{file} has a place that is not filled in");
    }
    let manifest: toml::Table = String::from_utf8(place.read("my-desk/Cargo.toml")).unwrap().parse().unwrap();
    assert_eq!(manifest["package"]["name"].as_str(), Some("my-desk"));
    assert_eq!(manifest["dependencies"]["reprise-cli"]["path"].as_str(), root().join("engine/cli").to_str());
    // What it does not register is not there for anybody else.
    let config = place.reprise("check-config -c my-desk/conf/backtest.toml");
    assert_eq!(config.code, 4, "{config:?}");
    assert!(config.err.contains("my-desk/conf/backtest.toml:"), "{}", config.err);
    assert!(config.err.contains("no strategy kind 'breakout'"), "{}", config.err);
    let rows = [
        ("init my-desk", "my-desk is not empty"),
        ("init 9lives", "begin the folder's name with a letter"),
        ("init other --reprise my-desk", "does not hold the source of reprise"),
    ];
    for (args, words) in rows {
        let said = place.reprise(args);
        assert_eq!(said.code, 1, "{args}: {said:?}");
        assert!(said.err.contains(words), "{args}: {}", said.err);
    }
}
