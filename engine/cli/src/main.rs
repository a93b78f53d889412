//! The `reprise` binary: the command line with the built-in strategies.

fn main() -> std::process::ExitCode {
    reprise_cli::run(reprise_cli::Registry::builtin())
}
