//! `[metrics]`: a listener of its own, so that figures do not stand on the public one (WEB-9).

use std::net::SocketAddr;

use super::reader::Reader;
use super::schema::{Form, Key, Need, Section};
use super::server::socket_address;

pub(super) const METRICS: Section = Section {
    name: "metrics",
    header: "[metrics]",
    about: "`/metrics` for Prometheus, on a listener of its own.",
    keys: &[Key {
        name: "listen",
        form: Form::Text,
        need: Need::Default("\"127.0.0.1:9464\""),
        about: "The address and port for `/metrics`; `\"\"` turns it off.",
    }],
    reserved: &[],
};

/// The address, or `None` when the metrics are off.
pub(super) fn read(metrics: &Reader<'_>, public: Option<SocketAddr>) -> Option<SocketAddr> {
    let listen = metrics.text("listen", |text| match text {
        "" => Ok(None),
        text => socket_address(text).map(Some),
    })??;
    if public == Some(listen) && listen.port() != 0 {
        metrics.refuse("listen", "is already the address of the broker itself");
    }
    Some(listen)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{messages, parse};

    const URL: &str = "public_url = 'https://a.example'\n";

    #[test]
    fn metrics_are_on_loopback_by_default_and_can_be_off() {
        let config = parse(URL).unwrap();
        assert_eq!(config.metrics.unwrap().to_string(), "127.0.0.1:9464");
        assert_eq!(
            parse(&format!("{URL}[metrics]\nlisten = ''"))
                .unwrap()
                .metrics,
            None
        );
    }

    #[test]
    fn metrics_do_not_share_the_public_listener() {
        let text = format!("{URL}[metrics]\nlisten = '127.0.0.1:8080'");
        assert_eq!(
            messages(&text),
            ["is already the address of the broker itself"]
        );
    }
}
