//! Profiles named by their address.

use model::size::Size;
use model::time::Span;
use sources::pprof::{Endpoint, Kind, Settings, inflate};

use super::Trouble;
use super::options::Options;

/// How long a profile takes that is counted over time, where nobody says: what `net/http/pprof` does.
const USUAL_SECONDS: u64 = 30;

/// Whether a name is an address and no file.
pub fn is_address(name: &str) -> bool {
    name.starts_with("http://") || name.starts_with("https://")
}

/// Fetches from exactly this address; gives the uncompressed bytes.
pub fn fetch(address: &str, options: &Options) -> Result<Vec<u8>, Trouble> {
    let url = match options.seconds {
        Some(seconds) => format!("{address}{}seconds={seconds}", if address.contains('?') { '&' } else { '?' }),
        None => address.to_string(),
    };
    let wait = options.timeout.unwrap_or_else(|| options.seconds.unwrap_or(USUAL_SECONDS).saturating_add(30));
    // A profile over time is silent until it is complete, and an answer may be silent for a third of its time-out.
    let timeout = Span::from_secs(i64::try_from(wait.saturating_mul(3)).unwrap_or(i64::MAX / 1000).min(86_400));
    let max_uncompressed = Size::from_bytes(options.max_uncompressed);
    let settings = Settings { gc: false, timeout, max_uncompressed, ..Settings::at(&url) };
    let endpoint = Endpoint::new(&settings).map_err(|e| Trouble { words: e.reason, hint: e.hint })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Trouble::new(format!("cannot start: {e}")))?;
    let failed = |words: String, hint| match words.contains(endpoint.shown()) {
        true => Trouble { words, hint },
        false => Trouble { words: format!("{}: {words}", endpoint.shown()), hint },
    };
    let fetched = runtime.block_on(endpoint.fetch(Kind::Heap)).map_err(|e| failed(e.reason, e.hint))?;
    inflate(&fetched.bytes, options.max_uncompressed).map_err(|e| failed(e.to_string(), e.hint()))
}
