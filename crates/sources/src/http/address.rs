//! Addresses: what stands in a URL, and what of it may be shown.

use reqwest::Url;
use secrecy::SecretString;

use super::SetupError;

/// Splits what was given as address into the address proper and the user in it. `like` is what one looks like.
pub(crate) fn address(given: &str, like: &str) -> Result<(Url, Option<(String, SecretString)>), SetupError> {
    let wrong =
        |why: &str| SetupError::new(format!("`url` {why}: {}", masked(given)), format!("write it like `{like}`"));
    let mut url = Url::parse(given).map_err(|e| wrong(&format!("is not an address ({e})")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("does not start with http:// or https://"));
    }
    let decoded = |text: &str| {
        let pair = Url::parse(&format!("http://h/?p={}", text.replace('+', "%2B"))).ok()?;
        pair.query_pairs().next().map(|(_, value)| value.into_owned())
    };
    let user = (!url.username().is_empty() || url.password().is_some())
        .then(|| Some((decoded(url.username())?, decoded(url.password().unwrap_or_default())?.into())))
        .flatten();
    // Cannot fail for an address with a host.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_fragment(None);
    Ok((url, user))
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A URL fit to be shown: what stands before an `@` in its authority is replaced, and its query left out.
pub fn masked(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(s, r)| (s, r));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // A password with a bare `/` or `?` in it moves the `@` behind what looks like the authority: cut there as well.
    let shown = match (authority.rsplit_once('@'), path.rsplit_once('@')) {
        (_, Some((_, after))) => format!("***@{after}"),
        (Some((_, host)), None) => format!("***@{host}{path}"),
        (None, None) => format!("{authority}{path}"),
    };
    let shown = shown.split(['?', '#']).next().unwrap_or_default();
    if scheme.is_empty() { shown.to_string() } else { format!("{scheme}://{shown}") }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_user_is_taken_out_of_the_address() {
        let (url, user) = address("https://ann:p%40+s@h:1/x?extra_label=a", "http://h").unwrap();
        assert_eq!(url.as_str(), "https://h:1/x?extra_label=a");
        let (name, password) = user.unwrap();
        assert_eq!((name.as_str(), password.expose_secret()), ("ann", "p@+s"));
    }

    #[test]
    fn passwords_with_slashes_are_masked_too() {
        for url in ["http://a:b/c@h/p", "http://a:b?c@h/p", "http://a:b@c@h/p", "a:b@h/p"] {
            assert!(masked(url).ends_with("***@h/p"), "{}", masked(url));
        }
        assert_eq!(masked("http://h:9090"), "http://h:9090");
    }
}
