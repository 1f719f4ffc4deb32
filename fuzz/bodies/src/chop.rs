//! Streams that come in pieces: the input itself says in which.

/// The bit of the first byte that asks for something extra, which is the target's to define.
pub const EXTRA: u8 = 0x80;

/// The most lengths of pieces that an input can give: as many as the lower bits of its first byte can say.
pub const MOST_CUTS: u8 = 0x0f;

/// An input: `EXTRA | number of cuts`, the cuts, and the stream.
pub(crate) struct Chopped<'a> {
    pub(crate) extra: bool,
    cuts: &'a [u8],
    pub(crate) stream: &'a [u8],
}

impl<'a> Chopped<'a> {
    /// Every input can be read so.
    pub(crate) fn new(data: &'a [u8]) -> Self {
        let (first, rest) = data.split_first().unwrap_or((&0, &[]));
        let count = usize::from(first & MOST_CUTS).min(rest.len());
        let (cuts, stream) = rest.split_at(count);
        Self {
            extra: first & EXTRA != 0,
            cuts,
            stream,
        }
    }

    /// Cuts these bytes into pieces whose lengths are the cuts, again and again; without any they stay whole.
    pub(crate) fn pieces<'b>(&self, bytes: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
        let mut cuts = self.cuts.iter().cycle();
        let mut rest = bytes;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            // A piece of nothing would get us nowhere.
            let len = cuts
                .next()
                .map_or(rest.len(), |cut| usize::from(*cut).max(1));
            let (piece, others) = rest.split_at(len.min(rest.len()));
            rest = others;
            Some(piece)
        })
    }
}
