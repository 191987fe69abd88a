//! Chromium without a window, driven by its own protocol over a pair of pipes: one JSON object a message, each
//! ended by a zero byte. The crates that speak it bring a hundred others; what is needed here is one call.
//!
//! Source: the Chrome DevTools Protocol, and `--remote-debugging-pipe`, which reads from 3 and writes to 4.

#[path = "../../src/sys/browsers.rs"]
mod browsers;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use browsers::BROWSERS;

const FLAGS: [&str; 9] = [
    "--headless",
    // Root may not have the sandbox; the page is ours.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
];

/// A browser with one page.
pub struct Chromium {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    calls: u64,
    session: Option<String>,
    /// The address of everything that was asked for.
    pub requested: Vec<String>,
    _profile: TempDir,
}

impl Chromium {
    /// Opens a file.
    ///
    /// # Errors
    /// When there is no Chromium, or it does not answer.
    pub fn open(page: &Path) -> Result<Self, String> {
        let program = find().ok_or(format!(
            "needs Chromium: none of {} is on PATH; as root: apt-get install chromium",
            BROWSERS.join(", ")
        ))?;
        let fail = |error: std::io::Error| format!("cannot start {}: {error}", program.display());
        let profile = tempfile::tempdir().map_err(fail)?;
        // The shell moves its own ends of the pipes to where Chromium looks for them.
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"])
            .arg(&program)
            .args(FLAGS);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(fail)?;
        let (to, from) = child.stdin.take().zip(child.stdout.take()).ok_or("no pipes to Chromium")?;
        let from = BufReader::new(from);
        let (calls, session, requested) = (0, None, Vec::new());
        let mut chromium = Self { child, to, from, calls, session, requested, _profile: profile };
        let target = chromium.call("Target.createTarget", json!({"url": "about:blank"}))?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = chromium.call("Target.attachToTarget", attach)?;
        chromium.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Network.enable"] {
            chromium.call(domain, json!({}))?;
        }
        chromium.visit(&format!("file://{}", page.display()))?;
        Ok(chromium)
    }

    /// Opens an address, and waits until all of the page is there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn visit(&mut self, address: &str) -> Result<(), String> {
        self.call("Page.navigate", json!({"url": address}))?;
        self.until("document.readyState + document.URL.slice(0, 5) === 'completefile:'")
    }

    /// Waits until an expression of JavaScript is true.
    ///
    /// # Errors
    /// When it is not after ten seconds.
    pub fn until(&mut self, expression: &str) -> Result<(), String> {
        let begun = Instant::now();
        while self.evaluate(expression)? != true {
            if begun.elapsed() > Duration::from_secs(10) {
                return Err(format!("not true after ten seconds: {expression}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// What an expression of JavaScript is on the page.
    ///
    /// # Errors
    /// When it throws.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value, String> {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", asked)?;
        match answer.get("exceptionDetails") {
            Some(thrown) => Err(format!("{expression}: {thrown}")),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Presses a key and lets it go.
    ///
    /// # Errors
    /// When Chromium does not know it.
    pub fn press(&mut self, key: &str, code: u32, text: &str) -> Result<(), String> {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.call("Input.dispatchKeyEvent", event)?;
        }
        Ok(())
    }

    /// Calls a method of the protocol, and waits for its answer.
    ///
    /// # Errors
    /// When it is refused, or Chromium has ended.
    pub fn call(&mut self, method: &str, parameters: Value) -> Result<Value, String> {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let ended = |error: std::io::Error| format!("Chromium has ended before {method}: {error}");
        self.to.write_all(format!("{message}\0").as_bytes()).map_err(ended)?;
        loop {
            let mut bytes = Vec::new();
            self.from.read_until(0, &mut bytes).map_err(ended)?;
            let Some((0, text)) = bytes.split_last() else {
                return Err(format!("Chromium has ended during {method}"));
            };
            let said: Value = serde_json::from_slice(text).map_err(|error| format!("{method}: {error}"))?;
            if said["method"] == "Network.requestWillBeSent" {
                self.requested.extend(said["params"]["request"]["url"].as_str().map(str::to_owned));
            }
            if said["id"] == self.calls {
                return match said.get("error") {
                    Some(error) => Err(format!("{method}: {error}")),
                    None => Ok(said["result"].clone()),
                };
            }
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.session = None;
        if self.call("Browser.close", json!({})).is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn find() -> Option<PathBuf> {
    BROWSERS.iter().find_map(|name| which::which(name).ok())
}
