//! TLS, to a server that an authority of this test's own vouches for.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::{Ended, Server, roomful};

/// What a client has to trust is written into this file.
fn certificate_for(host: &str, root_file: &Path) -> ServerConfig {
    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::new([]).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    fs::write(root_file, root.self_signed(&root_key).unwrap().pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new([host.to_owned()]).unwrap();
    let server = server.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    config.with_no_client_auth().with_single_cert(vec![server.der().clone()], key).unwrap()
}

/// Ends TLS before the server, and passes on what is in it.
async fn secured(server: &Server, config: ServerConfig) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (acceptor, server) = (TlsAcceptor::from(Arc::new(config)), server.address);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Whoever does not trust it ends it.
                let Ok(mut client) = acceptor.accept(stream).await else { return };
                let mut app = TcpStream::connect(server).await.unwrap();
                let _either_ends = tokio::io::copy_bidirectional(&mut client, &mut app).await;
            });
        }
    });
    port
}

fn root_file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("roomful-root-{}-{name}.pem", std::process::id()))
}

#[tokio::test]
async fn a_server_is_trusted_whom_an_authority_vouches_for_under_its_name() {
    let server = Server::start().await;
    let files = ["trusted", "other"].map(root_file);
    let port = secured(&server, certificate_for("localhost", &files[0])).await;
    let _another = certificate_for("localhost", &files[1]);
    let watch = async |host: &str, trusted: &Path| {
        let url = format!("https://{host}:{port}");
        let mut command = roomful(&["watch", &url, "--room", "fixture/echo", "--key", "id=x", "--count", "1"]);
        command.env("SSL_CERT_FILE", trusted).env_remove("SSL_CERT_DIR");
        Ended::of(command).await
    };
    let trusted = watch("localhost", &files[0]).await;
    assert_eq!(trusted.code, Some(0), "{trusted:?}");
    assert!(trusted.out.contains(r#""t":"snapshot""#), "{trusted:?}");
    for (host, root) in [("127.0.0.1", &files[0]), ("localhost", &files[1])] {
        let refused = watch(host, root).await;
        assert!(refused.code == Some(1) && refused.out.is_empty(), "{refused:?}");
        assert!(
            refused.err.contains("TLS fails: ") && refused.err.contains("see the certificate's names"),
            "{refused:?}"
        );
    }
    files.iter().for_each(|file| fs::remove_file(file).unwrap());
}
