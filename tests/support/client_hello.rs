//! ClientHello messages that no well-behaved library makes (RFC 8446 §4.1.2, RFC 6066 §3).

/// A ClientHello that is good but for what a test changes.
pub struct ClientHello {
    /// The names of the server_name extensions, one extension each.
    pub server_names: Vec<Vec<u8>>,
    pub record_version: [u8; 2],
    pub legacy_version: [u8; 2],
    /// The contents of supported_versions; `None` leaves the extension out.
    pub versions: Option<Vec<[u8; 2]>>,
    pub suites: Vec<[u8; 2]>,
    pub compression: Vec<u8>,
}

impl ClientHello {
    /// TLS 1.3 and 1.2 with common suites, for this name.
    pub fn new(name: &str) -> Self {
        Self {
            server_names: vec![name.as_bytes().to_vec()],
            record_version: [3, 1],
            legacy_version: [3, 3],
            versions: Some(vec![[3, 4], [3, 3]]),
            suites: vec![[0x13, 1], [0x13, 2], [0xc0, 0x2b], [0xc0, 0x2f]],
            compression: vec![0],
        }
    }

    /// The whole record.
    pub fn bytes(&self) -> Vec<u8> {
        let mut hello = self.legacy_version.to_vec();
        hello.extend_from_slice(&[0x5a; 32]);
        hello.push(0);
        hello.extend(sized(&self.suites.concat(), 2));
        hello.extend(sized(&self.compression, 1));
        hello.extend(sized(&self.extensions(), 2));
        let handshake = [vec![1], sized(&hello, 3)].concat();
        [vec![22], self.record_version.to_vec(), sized(&handshake, 2)].concat()
    }

    fn extensions(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for name in &self.server_names {
            let entry = [vec![0], sized(name, 2)].concat();
            all.extend(extension(0, &sized(&entry, 2)));
        }
        if let Some(versions) = &self.versions {
            all.extend(extension(43, &sized(&versions.concat(), 1)));
        }
        // ec_point_formats, supported_groups (x25519, secp256r1), signature_algorithms, a key share.
        all.extend(extension(11, &[1, 0]));
        all.extend(extension(10, &sized(&[0, 0x1d, 0, 0x17], 2)));
        all.extend(extension(13, &sized(&[4, 3, 8, 4, 4, 1], 2)));
        let share = [vec![0, 0x1d], sized(&[9; 32], 2)].concat();
        all.extend(extension(51, &sized(&share, 2)));
        all
    }
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), sized(content, 2)].concat()
}

/// `content` after its length in this many bytes.
fn sized(content: &[u8], width: usize) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    [&length[4 - width..], content].concat()
}
