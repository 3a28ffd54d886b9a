//! Numbers and pieces taken from the front of binary data.

use super::Malformed;

/// What is left of the data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next bytes, as many as are asked for.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4)?);
        Ok(u32::from_le_bytes(bytes))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(bytes))
    }

    /// A number in the format LEB128: seven bits a byte, the lowest first.
    pub(crate) fn leb(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed("a number is too long"))
    }

    /// A number that counts or measures something in memory.
    pub(crate) fn size(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.leb()?).map_err(|_| Malformed("a size is too large"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_seven_bits_a_byte() {
        let mut bytes = Bytes(&[0x05, 0xe5, 0x8e, 0x26, 0x80]);
        assert_eq!(bytes.leb(), Ok(5));
        assert_eq!(bytes.leb(), Ok(624_485));
        assert_eq!(bytes.leb(), Err(Malformed("it ends too early")));
        assert_eq!(Bytes(&[0xff; 11]).leb(), Err(Malformed("a number is too long")));
    }
}
