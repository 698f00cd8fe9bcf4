//! A QR code as a PNG image: one bit for each pixel, which is all it needs.
//!
//! The image is written here because the form is forty lines with the compressor that is in the tree anyway; a library
//! for images of every kind would be the largest part of it.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use qrcode::{EcLevel, QrCode};

/// Pixels of a module.
const SCALE: usize = 4;
/// Modules of white around the code, which scanners need.
const MARGIN: usize = 4;

/// Draws these bytes; `None` where they are more than a QR code holds.
pub(super) fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let code = QrCode::with_error_correction_level(bytes, EcLevel::M).ok()?;
    let modules = code.width();
    let dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < modules);
        match (inside(x / SCALE), inside(y / SCALE)) {
            (Some(x), Some(y)) => code[(x, y)] == qrcode::Color::Dark,
            _ => false,
        }
    };
    let side = (modules + 2 * MARGIN) * SCALE;
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::best());
    for y in 0..side {
        // Every row begins with its filter: none.
        let mut row = vec![0];
        for left in (0..side).step_by(8) {
            let bits = (left..left + 8).map(|x| u8::from(x >= side || !dark(x, y)));
            row.push(bits.fold(0, |byte, bit| (byte << 1) | bit));
        }
        pixels.write_all(&row).ok()?;
    }
    let mut header = Vec::new();
    header.extend(u32::try_from(side).ok()?.to_be_bytes());
    header.extend(u32::try_from(side).ok()?.to_be_bytes());
    // One bit of grey; the only compression and filtering there are; not interlaced.
    header.extend([1, 0, 0, 0, 0]);
    let mut image = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut image, b"IHDR", &header)?;
    chunk(&mut image, b"IDAT", &pixels.finish().ok()?)?;
    chunk(&mut image, b"IEND", b"")?;
    Some(image)
}

fn chunk(image: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) -> Option<()> {
    image.extend(u32::try_from(data.len()).ok()?.to_be_bytes());
    image.extend(kind);
    image.extend(data);
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    image.extend(crc.sum().to_be_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::ZlibDecoder;

    use super::*;

    /// The chunks of an image, their checksums verified.
    fn chunks(image: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut rest = image.strip_prefix(b"\x89PNG\r\n\x1a\n").unwrap();
        let mut found = Vec::new();
        while !rest.is_empty() {
            let length = u32::from_be_bytes(rest[..4].try_into().unwrap());
            let end = 8 + usize::try_from(length).unwrap();
            let mut crc = Crc::new();
            crc.update(&rest[4..end]);
            assert_eq!(rest[end..end + 4], crc.sum().to_be_bytes());
            let kind = String::from_utf8(rest[4..8].to_vec()).unwrap();
            found.push((kind, rest[8..end].to_vec()));
            rest = &rest[end + 4..];
        }
        found
    }

    #[test]
    fn the_pixels_of_the_image_are_the_modules_of_the_code() {
        let text = b"otpauth://totp/Drawbridge:phone@dev?secret=ABC&issuer=Drawbridge";
        let image = png(text).unwrap();
        let chunks = chunks(&image);
        let kinds: Vec<&str> = chunks.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["IHDR", "IDAT", "IEND"]);
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let side = (code.width() + 8) * 4;
        assert_eq!(chunks[0].1[..4], u32::try_from(side).unwrap().to_be_bytes());
        let mut pixels = Vec::new();
        let mut decoder = ZlibDecoder::new(chunks[1].1.as_slice());
        decoder.read_to_end(&mut pixels).unwrap();
        let stride = 1 + side.div_ceil(8);
        assert_eq!(pixels.len(), stride * side);
        let is_dark = |x: usize, y: usize| {
            let byte = pixels[y * stride + 1 + x / 8];
            byte >> (7 - x % 8) & 1 == 0
        };
        for y in 0..code.width() {
            for x in 0..code.width() {
                let dark = code[(x, y)] == qrcode::Color::Dark;
                assert_eq!(is_dark((x + 4) * 4, (y + 4) * 4), dark);
                assert_eq!(is_dark((x + 4) * 4 + 3, (y + 4) * 4 + 3), dark);
            }
        }
        assert!(!is_dark(15, 15), "a margin of four modules");
    }

    #[test]
    fn more_than_a_code_holds_is_no_image() {
        assert_eq!(png(&[b'a'; 4000]), None);
    }
}
