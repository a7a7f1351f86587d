//! How archives are compressed in caches.
//!
//! What is unpacked here is not vouched for yet: no reader takes more memory than a bound, whatever it is told.

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, BufReader, Read};

/// Most KiB of memory that reading xz may take: its densest presets take 65 MiB.
const XZ_MEMORY: u32 = 160 << 10;
/// Most bytes that zstd may look back.
const ZSTD_WINDOW: u64 = 128 << 20;

/// How an archive is compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compression {
    /// Not at all.
    None,
    /// As xz.
    Xz,
    /// As Zstandard.
    Zstd,
    /// As bzip2.
    Bzip2,
    /// As gzip.
    Gzip,
}

impl Compression {
    /// Returns what a name stands for, or says that it is not known.
    pub fn parse(name: &str) -> Result<Compression, String> {
        Ok(match name {
            "none" | "" => Compression::None,
            "xz" => Compression::Xz,
            "zstd" => Compression::Zstd,
            "bzip2" => Compression::Bzip2,
            "gzip" => Compression::Gzip,
            other => return Err(format!("its compression '{other}' is not known")),
        })
    }

    /// Returns what was compressed, of a stream that has it.
    pub fn decoder<'r>(self, packed: impl Read + 'r) -> Box<dyn Read + 'r> {
        match self {
            Compression::None => Box::new(packed),
            Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(
                BufReader::new(packed),
                true,
                XZ_MEMORY,
            )),
            Compression::Zstd => Box::new(Frames::new(packed)),
            Compression::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(packed)),
            Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(packed)),
        }
    }
}

/// Reads Zstandard of any number of frames, as compressors that work in parallel write.
struct Frames<R: Read> {
    packed: BufReader<R>,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: Read> Frames<R> {
    fn new(packed: R) -> Frames<R> {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW);
        Frames {
            packed: BufReader::new(packed),
            decoder,
            in_frame: false,
        }
    }

    /// Begins the next frame; whether there is one.
    fn begin(&mut self) -> io::Result<bool> {
        use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
        while !self.packed.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut (&mut self.packed).take(length.into()), &mut io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        }
        Ok(false)
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.in_frame {
                if !self.begin()? {
                    return Ok(0);
                }
                self.in_frame = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                let decoded = self.decoder.decode_blocks(&mut self.packed, one);
                decoded.map_err(|error| io::Error::other(error.to_string()))?;
            }
            let count = self.decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.in_frame = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const TEXT: &[u8] = b"a text that is compressed, and a text that is compressed";

    /// It, as xz writes it.
    const XZ: &str = "
        fd377a585a000004e6d6b4460200210110000000a8708e86e0003700255d0030880a8694881635a2f1b55a77261746e0
        6378d91b1ad270c56441ba753f7dab8fd5ac200000000000248fe48fbd77fd4000014138f173e6e11fb6f37d01000000
        0004595a
    ";

    fn packed(compression: Compression) -> Vec<u8> {
        match compression {
            Compression::None => TEXT.to_vec(),
            Compression::Xz => {
                let digits = XZ.replace(char::is_whitespace, "");
                let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("two digits");
                (0..digits.len()).step_by(2).map(byte).collect()
            }
            Compression::Zstd => ruzstd::encoding::compress_to_vec(TEXT, ruzstd::encoding::CompressionLevel::Fastest),
            Compression::Bzip2 => {
                let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
                out.write_all(TEXT).expect("it is written");
                out.finish().expect("it ends")
            }
            Compression::Gzip => {
                let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                out.write_all(TEXT).expect("it is written");
                out.finish().expect("it ends")
            }
        }
    }

    fn read(compression: Compression, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        compression.decoder(bytes).take(1 << 20).read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn what_was_compressed_comes_out() {
        for name in ["none", "xz", "zstd", "bzip2", "gzip"] {
            let compression = Compression::parse(name).expect("it is known");
            let bytes = packed(compression);
            assert_eq!(read(compression, &bytes).expect(name), TEXT, "{name}");
            if compression != Compression::None {
                let twice = [&bytes[..], &bytes[..]].concat();
                assert_eq!(read(compression, &twice).expect(name), TEXT.repeat(2), "{name}");
                for cut in [1, bytes.len() / 2, bytes.len() - 1] {
                    assert!(read(compression, &bytes[..cut]).is_err(), "{name} cut at {cut}");
                }
            }
        }
        assert!(Compression::parse("rar").is_err());
    }

    #[test]
    fn frames_that_are_to_be_skipped_are() {
        let skip = [&0x184d_2a50_u32.to_le_bytes()[..], &3_u32.to_le_bytes(), b"abc"].concat();
        let bytes = [&skip[..], &packed(Compression::Zstd), &skip].concat();
        assert_eq!(read(Compression::Zstd, &bytes).expect("it is read"), TEXT);
        assert!(read(Compression::Zstd, &bytes[..bytes.len() - 1]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), at in 0..5_usize, keep in 0..12_usize) {
            let compression = [Compression::None, Compression::Xz, Compression::Zstd, Compression::Bzip2, Compression::Gzip][at];
            let good = packed(compression);
            let bytes = [&good[..keep.min(good.len())], &bytes[..]].concat();
            let _ = read(compression, &bytes);
        }
    }
}
