//! The console's page, inside the binary: nothing is fetched from elsewhere.

/// The page.
pub(crate) const HTML: &str = include_str!("../assets/console.html");
/// How it looks.
pub(crate) const CSS: &str = include_str!("../assets/console.css");
/// What it does.
pub(crate) const JS: &str = include_str!("../assets/console.js");
/// Its panels.
pub(crate) const PANELS: &str = include_str!("../assets/panels.js");
/// uPlot 1.6.32, by Leon Sorokin, under the MIT licence beside it; as its package holds it.
pub(crate) const UPLOT_JS: &str = include_str!("../assets/uplot/uPlot.iife.min.js");
/// Its style.
pub(crate) const UPLOT_CSS: &str = include_str!("../assets/uplot/uPlot.min.css");
/// Its licence.
pub(crate) const UPLOT_LICENCE: &str = include_str!("../assets/uplot/LICENSE");

/// What every answer tells the browser: nothing from elsewhere, no frames, nothing kept.
pub(crate) const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
];
