//! An authority, and a server that it vouches for.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// Three files in PEM.
#[derive(Debug, Clone)]
pub(crate) struct Certificates {
    pub(crate) root: PathBuf,
    pub(crate) server: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// New ones, that nothing else knows, for this host.
    pub(crate) fn make(directory: &Path, host: &str) -> Self {
        let files = ["root.pem", "server.pem", "key.pem"].map(|name| directory.join(name));
        let root_key = KeyPair::generate().unwrap();
        let mut root = CertificateParams::new([]).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_pem = root.self_signed(&root_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new([host.to_owned()]).unwrap();
        let server = server.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
        let texts = [root_pem, server.pem(), key.serialize_pem()];
        files.iter().zip(texts).for_each(|(file, text)| std::fs::write(file, text).unwrap());
        let [root, server, key] = files;
        Self { root, server, key }
    }
}
