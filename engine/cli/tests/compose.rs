//! `conf/compose` and what it hands to Prometheus and Grafana agree with each other, with the configuration and with
//! the folder they stand in. YAML is read by python3, and without it these tests say so and check nothing.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as expected")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A YAML file, or nothing where nobody can read it.
fn yaml(path: &str) -> Option<Value> {
    const READ: &str = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    const CAN: &str = "import yaml";
    let python = |args: &[&str]| Command::new("python3").args(args).output();
    if !python(&["-c", CAN]).is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: python3 with PyYAML is missing");
        return None;
    }
    let output = python(&["-c", READ, root().join(path).to_str().unwrap()]).unwrap();
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}

/// The ports of this machine's loopback that a text names.
fn ports(text: &str) -> Vec<u16> {
    let port = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    text.split("127.0.0.1:").skip(1).filter_map(port).collect()
}

const COMPOSE: &str = "conf/compose/compose.yaml";

/// Breaks when a file that is mounted or built from is not there.
#[test]
fn every_path_exists() {
    let Some(compose) = yaml(COMPOSE) else { return };
    let folder = root().join("conf/compose");
    let mut checked = 0;
    for (name, service) in compose["services"].as_object().unwrap() {
        for mount in texts(&service["volumes"]) {
            let (from, to) = mount.split_once(':').unwrap();
            assert!(to.starts_with('/'), "{name}: {mount}");
            if from.starts_with('.') {
                assert!(folder.join(from).exists(), "{name} mounts {from}, which is not there");
                assert!(to.ends_with(":ro"), "{name} could write to {from}");
                checked += 1;
            } else {
                assert!(
                    compose["volumes"].get(from).is_some(),
                    "{name} uses the volume {from}, which is not made"
                );
            }
        }
    }
    assert!(checked >= 4, "the mounts are not read");
    let build = &compose["services"]["engine"]["build"];
    assert_eq!(folder.join(build["context"].as_str().unwrap()).canonicalize().unwrap(), root());
    let file = root().join(build["dockerfile"].as_str().unwrap());
    assert!(std::fs::read_to_string(&file).unwrap().contains("ENTRYPOINT [\"reprise\"]"));
    let left_out = std::fs::read_to_string(file.with_extension("dockerignore")).unwrap();
    assert!(left_out.lines().any(|line| line == "**/secrets.env"), "secrets stay out of images");
}

/// Breaks when a container listens elsewhere than on loopback, asks where nobody listens, or holds a secret.
#[test]
fn ports_agree_and_stay_at_home() {
    let Some(compose) = yaml(COMPOSE) else { return };
    let services = compose["services"].as_object().unwrap();
    for (name, service) in services {
        assert_eq!(service["network_mode"], "host", "{name} listens for itself, on loopback");
        assert!(service["ports"].is_null(), "{name} would be published");
        assert!(service["healthcheck"]["test"].is_array(), "{name} has no health check");
    }
    let engine = services["engine"]["command"].to_string();
    let configuration = std::fs::read_to_string(root().join("conf/paper.toml")).unwrap();
    let control = configuration.lines().find_map(|line| line.strip_prefix("listen = ")).unwrap();
    assert_eq!(ports(&services["engine"]["healthcheck"].to_string()), ports(control));
    assert!(services["engine"]["healthcheck"].to_string().contains("/readyz"));

    let scraped = yaml("conf/prometheus/prometheus.yml").unwrap();
    assert_eq!(ports(&engine), ports(&scraped["scrape_configs"].to_string()), "Prometheus asks the engine");
    let prometheus = services["prometheus"]["command"].to_string();
    let sources = yaml("conf/grafana/provisioning/datasources/reprise.yml").unwrap();
    assert_eq!(ports(&prometheus), ports(&sources.to_string()), "Grafana asks Prometheus");
    assert_eq!(services["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"], "127.0.0.1");

    let boards = yaml("conf/grafana/provisioning/dashboards/reprise.yml").unwrap();
    let folder = boards["providers"][0]["options"]["path"].as_str().unwrap().to_owned();
    assert!(
        texts(&services["grafana"]["volumes"])
            .iter()
            .any(|mount| mount.contains(&format!(":{folder}/reprise.json")))
    );
    let all = compose.to_string();
    for secret in ["TOKEN", "WEBHOOK", "PRIVATE", "API_SECRET", "PASSWORD"] {
        assert!(!all.contains(secret), "{secret} belongs into conf/secrets.env");
    }
}

/// Breaks when the engine's command is none, or does not begin and go on with the same run.
#[test]
fn the_engines_command_is_one() {
    let Some(compose) = yaml(COMPOSE) else { return };
    let args = texts(&compose["services"]["engine"]["command"]);
    assert!(args.contains(&"--resume-or-new=/var/lib/reprise/run"), "{args:?}");
    let output = Command::new(env!("CARGO_BIN_EXE_reprise")).args(&args).env_clear().output().unwrap();
    // It parses: what is wrong is that the configuration is not in this place.
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{words}");
    assert!(words.contains("/etc/reprise/paper.toml"), "{words}");
}
