//! The page in a browser: it shows what is, in four states and at three widths, complains about nothing, asks nobody
//! else, and nothing lies upon anything. With `CONSOLE_SHOTS=DIR` each is kept as a picture.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reprise_console::{Desk, Guard, Server};
use reprise_model::event::FeedState;

use crate::devtools::Browser;
use crate::finished::stepped;
use crate::guarded::runtime;
use crate::kit::{CANARY, NAMES, Running, feed};

const WIDTHS: [u32; 3] = [400, 1000, 1800];

/// Boxes that lie upon each other, boxes that are wider than the page, and text that runs out of its button or badge.
const FAULTS: &str = r#"(() => {
  const faults = [];
  const name = (e) => (e.id ? '#' + e.id : e.tagName + ' ' + (e.textContent || '').slice(0, 30));
  const boxes = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.getClientRects().length);
  for (const selector of ['main > *', '#controls button', '#badges > li', '#banner > *', '#tiles > div', 'section > h2, section > select, section > input, section > button, section > div', '.u-series', '#events li']) {
    const all = boxes(selector);
    all.forEach((a, at) => all.slice(at + 1).forEach((b) => {
      const [x, y] = [a.getBoundingClientRect(), b.getBoundingClientRect()];
      const over = Math.min(x.right, y.right) - Math.max(x.left, y.left) > 1 && Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top) > 1;
      if (over) faults.push(name(a) + ' lies upon ' + name(b));
    }));
  }
  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) faults.push('the page is ' + wide.scrollWidth + ' wide');
  for (const e of boxes('section, header, nav, #tiles, .chart')) {
    const box = e.getBoundingClientRect();
    if (box.right > innerWidth + 1 || box.left < -1) faults.push(name(e) + ' leaves the page');
  }
  for (const e of boxes('button, .badge, h2, #tiles dt, #tiles dd, .chart, .chart .u-legend, #notice p')) if (e.scrollWidth > e.clientWidth + 1) faults.push(name(e) + ' is cut off');
  return faults;
})()"#;

/// Where pictures go, if anywhere.
fn album() -> Option<PathBuf> {
    let album = PathBuf::from(std::env::var_os("CONSOLE_SHOTS")?);
    std::fs::create_dir_all(&album).unwrap();
    Some(album)
}

async fn look(browser: &mut Browser, url: &str, state: &str, words: &[&str]) {
    for width in WIDTHS {
        for theme in ["light", "dark"] {
            // Themes differ in their colours only: one width will do, but for pictures.
            if theme == "dark" && width != 1800 && album().is_none() {
                continue;
            }
            browser.open(&format!("{url}?theme={theme}"), width).await;
            browser.until("document.body && document.body.dataset.ready === 'yes'").await;
            browser.until("document.querySelectorAll('.uplot canvas').length === 2").await;
            browser.until("document.querySelectorAll('#events li').length > 0").await;
            for word in words {
                let word = serde_json::Value::from(*word);
                browser.until(&format!("document.body.innerText.toLowerCase().includes({word})")).await;
            }
            let faults = browser.value_of(FAULTS).await;
            if let Some(album) = album() {
                let file = album.join(format!("{state}-{width}-{theme}.png"));
                std::fs::write(file, browser.picture().await).unwrap();
            }
            assert_eq!(faults, serde_json::json!([]), "{state} at {width}, {theme}");
        }
    }
    assert_eq!(browser.complaints, Vec::<String>::new(), "{state}");
}

/// Gives a command through the page: the button, the dialog, the token.
async fn kill_by_hand(browser: &mut Browser) {
    let press = |token: &str| {
        format!(
            "(() => {{ document.querySelector('[data-command=kill]').click(); const f = document.getElementById('ask-form').elements; \
             f.reason.value = 'prices look wrong'; f.by.value = 'ann'; f.flatten.checked = true; f.token.value = '{token}'; \
             document.getElementById('ask-yes').click(); return true; }})()"
        )
    };
    browser.value_of(&press("wrong")).await;
    browser.until("document.getElementById('ask-error').textContent.includes('takes the token')").await;
    browser.value_of(&press(CANARY)).await;
    browser.until("!document.getElementById('ask').open").await;
    browser.until("document.getElementById('badges').innerText.includes('halted')").await;
    // The browser itself notes the refusal; that is no fault of the page.
    browser.complaints.retain(|complaint| !complaint.contains("401"));
    let seen = browser.value_of("document.documentElement.outerHTML + JSON.stringify(localStorage)").await;
    assert!(!seen.as_str().unwrap().contains(CANARY), "the token is in the page");
}

async fn through_the_states(browser: &mut Browser, run: &Path) {
    let mut running = Running::start(run, &[]);
    let url = format!("http://{}/", running.address());
    running.play(1_800, Duration::from_secs(4));
    look(browser, &url, "trading", &["active", "live", "ema-cross", "max_gross_exposure", "order."]).await;
    running.take(feed(NAMES[0], FeedState::Down, Some("the venue closed the connection")));
    running.play(20, Duration::from_millis(200));
    look(browser, &url, "feed-lost", &["feed lost", "down", "the venue closed the connection"]).await;
    running.take(feed(NAMES[0], FeedState::Live, None));
    running.play(200, Duration::from_millis(400));
    browser.until("document.getElementById('badges').innerText.includes('live')").await;
    kill_by_hand(browser).await;
    running.play(200, Duration::from_millis(400));
    look(browser, &url, "killed", &["halted", "prices look wrong", "kill by ann"]).await;
    // What still listens is gone before the server is: a closed connection would be a complaint.
    browser.open("about:blank", 400).await;
    running.stop();
    let server =
        Server::start("127.0.0.1:0".parse().unwrap(), Desk::new(Arc::new(stepped(run)), Guard::default()))
            .unwrap();
    let url = format!("http://{}/", server.address());
    look(browser, &url, "finished", &["finished", "this run is over", "halted"]).await;
    browser.until("document.getElementById('controls').hidden").await;
    browser.open("about:blank", 400).await;
    server.stop();
}

/// Breaks when the page shows other words than the run's, complains, asks another server, runs out of the window, lays
/// one thing upon another, cannot kill, or keeps the token.
#[test]
fn the_page_in_a_browser() {
    runtime().block_on(async {
        let Some(mut browser) = Browser::start().await else {
            let is_needed = std::env::var_os("CONSOLE_BROWSER").is_some_and(|said| said == "needed");
            assert!(!is_needed, "a browser is needed here: install chromium, or name one with CHROMIUM");
            println!("skipped: this machine has no chromium");
            return;
        };
        let dir = tempfile::tempdir().unwrap();
        through_the_states(&mut browser, &dir.path().join("run")).await;
    });
}
