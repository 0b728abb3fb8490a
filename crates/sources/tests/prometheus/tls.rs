//! TLS: whom we trust, and the certificate we show.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use axum::serve::Listener;
use model::signal::Signal;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use sources::prometheus::Settings;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::fake::{Seen, matrix, router};
use super::{ask, hour};

/// A certificate authority of our own, and a folder of what it signed.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes one; its certificate is `ca.pem`.
    fn new() -> Authority {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(folder.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Authority { folder, issuer: Issuer::new(params, key) }
    }

    /// Signs a certificate for a name: `NAME.pem` and `NAME.key`.
    fn sign(&self, name: &str) {
        let key = KeyPair::generate().unwrap();
        let signed = CertificateParams::new(vec![name.to_string()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        fs::write(self.file(&format!("{name}.pem")), signed.pem()).unwrap();
        fs::write(self.file(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Takes connections that shake hands, and lets the others go.
struct Secured(TcpListener, TlsAcceptor);

impl Listener for Secured {
    type Io = TlsStream<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.0.accept().await.unwrap();
            if let Ok(secured) = self.1.accept(stream).await {
                return (secured, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A server named localhost that lets in whoever shows a certificate of the authority. Ends with the test's runtime.
async fn start(authority: &Authority) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    authority.sign("localhost");
    let ca = CertificateDer::from_pem_file(authority.file("ca.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(ca).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let chain = vec![CertificateDer::from_pem_file(authority.file("localhost.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(authority.file("localhost.key")).unwrap();
    let config = rustls::ServerConfig::builder().with_client_cert_verifier(verifier).with_single_cert(chain, key);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let secured = Secured(listener, TlsAcceptor::from(Arc::new(config.unwrap())));
    let app = router(|_: &Seen| matrix(""), Arc::default());
    tokio::spawn(async move { axum::serve(secured, app).await.unwrap() });
    url
}

#[tokio::test]
async fn certificates_let_in_and_keep_out() {
    let authority = Authority::new();
    let url = start(&authority).await;
    authority.sign("patrol");
    let trusting = Settings { ca_file: Some(authority.file("ca.pem")), ..Settings::at(&url) };
    let known = Settings {
        cert_file: Some(authority.file("patrol.pem")),
        key_file: Some(authority.file("patrol.key")),
        ..trusting.clone()
    };
    let ask = async |settings: &Settings| ask(settings.clone(), Signal::HostMemoryCached, "", hour()).await;
    ask(&known).await.unwrap();

    let stranger = ask(&trusting).await.unwrap_err();
    assert!(stranger.reason.contains("CertificateRequired"), "{stranger}");
    assert!(stranger.hint.unwrap().contains("`cert_file` and `key_file`"));

    let other = Authority::new();
    let doubting = ask(&Settings { ca_file: Some(other.file("ca.pem")), ..known.clone() }).await.unwrap_err();
    assert!(doubting.reason.contains("certificate"), "{doubting}");
    assert!(doubting.hint.unwrap().contains("`ca_file`"));

    let wrong_name = url.replace("localhost", "127.0.0.1");
    let misnamed = ask(&Settings { url: wrong_name, ..known.clone() }).await.unwrap_err();
    assert!(misnamed.reason.contains("not valid for name"), "{misnamed}");

    fs::write(authority.file("empty.pem"), "nothing").unwrap();
    let empty = ask(&Settings { ca_file: Some(authority.file("empty.pem")), ..known.clone() }).await.unwrap_err();
    assert!(empty.reason.ends_with("holds no PEM certificate"), "{empty}");
    let mixed = ask(&Settings { key_file: Some(authority.file("empty.pem")), ..known }).await.unwrap_err();
    assert!(mixed.reason.ends_with("are not a PEM certificate and key"), "{mixed}");
}
