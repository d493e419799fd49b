//! Fetches a profile's bytes from a server, and asks a server for names.
//!
//! Nothing is set up before the first URL is fetched. What a server can do to us is bounded: in
//! time until it answers, in bytes, and by a look at what arrives while it arrives.

use super::sniff::Sniffer;
use crate::options::high::FetchOptions;
use anyhow::{Context, Result, anyhow, bail};
use std::io::Read;
use std::net::IpAddr;
use std::time::Duration;
use ureq::http::Uri;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Error, Proxy, http::Response};

/// Most bytes of an answer that are taken, packed as they come.
const MOST_BYTES: usize = 1 << 30;
/// Most bytes of a server's own error text that are shown.
const MOST_ERROR_BYTES: u64 = 1000;
/// Where systems keep the certificates they trust.
const AUTHORITY_FILES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Fetches what a URL answers.
///
/// `seconds` is how long the server was asked to take its time.
pub(super) fn get(url: &str, seconds: u64, options: &FetchOptions) -> Result<Vec<u8>> {
    let patience = patience(seconds, options);
    let (agent, url) = agent(url, patience, options)?;
    let response = agent.get(url).call().map_err(|error| explain(error, patience))?;
    read_body(accepted(response)?, patience)
}

/// Posts a text and gives back the answer.
pub(crate) fn post(url: &str, body: &str, options: &FetchOptions) -> Result<Vec<u8>> {
    let patience = patience(0, options);
    let (agent, url) = agent(url, patience, options)?;
    let response = agent
        .post(url)
        .content_type("application/octet-stream")
        .send(body)
        .map_err(|error| explain(error, patience))?;
    let mut answer = Vec::new();
    let mut reader = accepted(response)?.into_body().into_reader().take(MOST_BYTES as u64);
    reader.read_to_end(&mut answer).context("reading the answer")?;
    Ok(answer)
}

/// Fetches a file whole; nothing when the server does not have it.
pub(crate) fn get_if_found(url: &str, options: &FetchOptions) -> Result<Option<Vec<u8>>> {
    let patience = patience(0, options);
    let (agent, url) = agent(url, patience, options)?;
    let response = agent.get(url).call().map_err(|error| explain(error, patience))?;
    if response.status().as_u16() == 404 {
        return Ok(None);
    }
    let mut file = Vec::new();
    let mut reader = accepted(response)?.into_body().into_reader().take(MOST_BYTES as u64);
    reader.read_to_end(&mut file).context("reading the answer")?;
    Ok(Some(file))
}

/// How long the server may take until it answers.
fn patience(seconds: u64, options: &FetchOptions) -> Duration {
    let asked = match (options.timeout_seconds, seconds) {
        (0, 0) => Duration::from_secs(60),
        (0, seconds) => Duration::from_secs(seconds).saturating_mul(3) / 2,
        (timeout, _) => Duration::from_secs(timeout),
    };
    // A year is for ever here, and clocks do not overflow.
    asked.min(Duration::from_secs(365 * 24 * 3600)) + Duration::from_secs(5)
}

/// A client for this URL, and the URL as the client takes it.
fn agent(url: &str, patience: Duration, options: &FetchOptions) -> Result<(Agent, String)> {
    let (url, is_insecure) = match url.strip_prefix("https+insecure://") {
        Some(rest) => (format!("https://{rest}"), true),
        None => (url.to_owned(), false),
    };
    let uri: Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("liveheap/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(patience))
        .timeout_recv_response(Some(patience))
        .timeout_per_read(Some(patience))
        .proxy(proxy(&uri, |name| std::env::var(name).ok())?);
    if uri.scheme_str() == Some("https") {
        config = config.tls_config(tls(options, is_insecure)?);
    }
    Ok((config.build().new_agent(), url))
}

fn tls(options: &FetchOptions, is_insecure: bool) -> Result<TlsConfig> {
    let identity = match (options.certificate.as_str(), options.key.as_str()) {
        ("", "") => None,
        ("", _) => bail!("-tls_key is specified, so -tls_cert must also be specified"),
        (_, "") => bail!("-tls_cert is specified, so -tls_key must also be specified"),
        (certificate, key) => {
            let (chain, _) = read_pem(certificate)?;
            let (_, private) = read_pem(key)?;
            let private = private.with_context(|| format!("no private key in {key}"))?;
            Some(ClientCert::new_with_certs(&chain, private))
        }
    };
    let authorities = if options.authorities.is_empty() {
        system_authorities().map_or(RootCerts::WebPki, RootCerts::from)
    } else {
        let (certificates, _) = read_pem(&options.authorities)?;
        if certificates.is_empty() {
            bail!("no certificate in {}", options.authorities);
        }
        RootCerts::from(certificates)
    };
    Ok(TlsConfig::builder()
        .client_cert(identity)
        .root_certs(authorities)
        .disable_verification(is_insecure)
        .build())
}

/// The certificates that this machine trusts; `None` where it keeps them in no known file.
fn system_authorities() -> Option<Vec<Certificate<'static>>> {
    let named = std::env::var("SSL_CERT_FILE").ok();
    named
        .iter()
        .map(String::as_str)
        .chain(AUTHORITY_FILES.iter().copied())
        .filter_map(|path| read_pem(path).ok())
        .map(|(certificates, _)| certificates)
        .find(|certificates| !certificates.is_empty())
}

fn read_pem(path: &str) -> Result<(Vec<Certificate<'static>>, Option<PrivateKey<'static>>)> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {path}"))?;
    let mut certificates = Vec::new();
    let mut key = None;
    for item in parse_pem(&bytes) {
        match item.with_context(|| format!("{path} is no PEM file"))? {
            PemItem::Certificate(certificate) => certificates.push(certificate),
            PemItem::PrivateKey(private) => key = Some(private),
            _ => {}
        }
    }
    Ok((certificates, key))
}

/// The proxy that the environment names for this URL. This machine itself is never asked for
/// through a proxy.
fn proxy(uri: &Uri, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Proxy>> {
    let first = |names: [&str; 2]| {
        names.into_iter().find_map(|name| variable(name).filter(|value| !value.is_empty()))
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    let is_here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let named = match uri.scheme_str() {
        Some("https") => first(["HTTPS_PROXY", "https_proxy"]),
        _ => first(["HTTP_PROXY", "http_proxy"]),
    };
    let Some(named) = named else { return Ok(None) };
    let exempt = first(["NO_PROXY", "no_proxy"]).unwrap_or_default();
    if is_here || exempt.split(',').any(|entry| covers(entry.trim(), &host)) {
        return Ok(None);
    }
    Ok(Some(Proxy::new(&named).with_context(|| format!("the proxy {named:?} is no URL"))?))
}

/// Whether an entry of NO_PROXY covers a host: itself, a domain around it, or `*`.
fn covers(entry: &str, host: &str) -> bool {
    let entry = entry.to_ascii_lowercase();
    let domain = entry.trim_start_matches('*').trim_start_matches('.');
    if entry.is_empty() || domain.is_empty() {
        return entry == "*";
    }
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// The answer, if the server gave what was asked for.
fn accepted(response: Response<Body>) -> Result<Response<Body>> {
    let status = response.status();
    if status.as_u16() == 200 {
        return Ok(response);
    }
    let header = |name: &str| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let explains =
        !header("X-Go-Pprof").is_empty() && header("Content-Type").contains("text/plain");
    let mut text = format!("server response: {} ", status.as_u16());
    text.push_str(status.canonical_reason().unwrap_or("(unknown status)"));
    if explains {
        let mut reason = Vec::new();
        let mut reader = response.into_body().into_reader().take(MOST_ERROR_BYTES);
        if reader.read_to_end(&mut reason).is_ok() {
            let reason = String::from_utf8_lossy(&reason);
            text.push_str(" - ");
            text.push_str(&reason.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    } else if status.as_u16() == 404 {
        text.push_str(" (check the path; heap profiles are usually at /debug/pprof/heap)");
    }
    Err(anyhow!(text))
}

fn read_body(response: Response<Body>, patience: Duration) -> Result<Vec<u8>> {
    let mut reader = response.into_body().into_reader();
    let mut bytes = Vec::new();
    let mut sniffer = Sniffer::default();
    let mut piece = vec![0; 64 << 10];
    loop {
        let count = match reader.read(&mut piece) {
            Ok(count) => count,
            Err(error) => {
                let error = Error::from(error);
                return Err(explain(error, patience).context("the answer broke off"));
            }
        };
        if count == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&piece[..count]);
        if bytes.len() > MOST_BYTES {
            bail!("the answer is larger than {} MiB: that is no profile", MOST_BYTES >> 20);
        }
        if !sniffer.is_plausible(&bytes) {
            let is_page = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
            let what = if is_page { "a web page" } else { "something else" };
            bail!("the server sent {what}, not a profile (check the path of the URL)");
        }
    }
}

/// What went wrong, in the words of one who wants to put it right.
fn explain(error: Error, patience: Duration) -> anyhow::Error {
    match error {
        Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            anyhow!("connection refused (is the program running, and does it listen there?)")
        }
        Error::HostNotFound => anyhow!("no such host"),
        Error::Timeout(_) => {
            anyhow!("no answer within {} seconds (-timeout=N waits longer)", patience.as_secs())
        }
        Error::Io(error) => anyhow!("{error}"),
        other => anyhow!("{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_five_seconds_more_than_asked_for() {
        let limited = FetchOptions { timeout_seconds: 10, ..FetchOptions::default() };
        let free = FetchOptions::default();
        assert_eq!(patience(0, &free).as_secs(), 65);
        assert_eq!(patience(30, &free).as_secs(), 50);
        assert_eq!(patience(30, &limited).as_secs(), 15);
        assert_eq!(patience(u64::MAX, &free).as_secs(), 365 * 24 * 3600 + 5);
    }

    fn proxied(url: &str, environment: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        let proxy = proxy(&url.parse().unwrap(), variable).unwrap()?;
        Some(proxy.uri().to_string())
    }

    #[test]
    fn the_environment_names_the_proxy() {
        let both = [("HTTP_PROXY", "http://plain:1"), ("https_proxy", "http://secure:2")];
        assert_eq!(proxied("http://h/p", &both).as_deref(), Some("http://plain:1/"));
        assert_eq!(proxied("https://h/p", &both).as_deref(), Some("http://secure:2/"));
        assert_eq!(proxied("http://localhost:8999/p", &both), None);
        assert_eq!(proxied("http://127.0.0.1/p", &both), None);
        assert_eq!(proxied("http://h/p", &[]), None);
    }

    #[test]
    fn a_certificate_needs_its_key() {
        let refused = |certificate: &str, key: &str| {
            let (certificate, key) = (certificate.to_owned(), key.to_owned());
            let options = FetchOptions { certificate, key, ..FetchOptions::default() };
            tls(&options, false).err().map(|error| error.to_string())
        };
        assert_eq!(refused("", ""), None);
        assert_eq!(
            refused("", "k").as_deref(),
            Some("-tls_key is specified, so -tls_cert must also be specified")
        );
        assert_eq!(
            refused("c", "").as_deref(),
            Some("-tls_cert is specified, so -tls_key must also be specified")
        );
        assert_eq!(refused("/no/c", "/no/k").as_deref(), Some("cannot read /no/c"));
    }

    #[test]
    fn hosts_may_be_exempt_from_the_proxy() {
        let exempt = |list| proxied("http://a.b.c/", &[("http_proxy", "p:1"), ("no_proxy", list)]);
        assert_eq!(exempt("x, b.c"), None);
        assert_eq!(exempt(".b.c"), None);
        assert_eq!(exempt("*"), None);
        assert_eq!(exempt("a.b.c"), None);
        assert!(exempt("xb.c,c.d").is_some());
    }
}
