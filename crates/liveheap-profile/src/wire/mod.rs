//! profile.proto on the wire, read and written by hand.
//!
//! The format is Protocol Buffers (a message is a run of fields, each a varint `number << 3 | type`
//! followed by a varint or by a length and bytes) with these fields; `=` is the field number:
//!
//! | message | fields |
//! | --- | --- |
//! | Profile | sample_type=1* sample=2* mapping=3* location=4* function=5* string_table=6* drop_frames=7 keep_frames=8 time_nanos=9 duration_nanos=10 period_type=11 period=12 comment=13* default_sample_type=14 doc_url=15 |
//! | ValueType | type=1 unit=2 |
//! | Sample | location_id=1* value=2* label=3* |
//! | Label | key=1 str=2 num=3 num_unit=4 |
//! | Mapping | id=1 memory_start=2 memory_limit=3 file_offset=4 filename=5 build_id=6 has_functions=7 has_filenames=8 has_line_numbers=9 has_inline_frames=10 |
//! | Location | id=1 mapping_id=2 address=3 line=4* is_folded=5 |
//! | Line | function_id=1 line=2 column=3 |
//! | Function | id=1 name=2 system_name=3 filename=4 start_line=5 |
//!
//! `*` is repeated. Texts are positions in the string table. The leaf of a stack is its first
//! location. Source: `proto/profile.proto` of google/pprof.

mod decode;
mod encode;
mod varint;
#[cfg(feature = "gzip")]
mod window;

pub use decode::decode_proto;
#[cfg(feature = "gzip")]
pub(crate) use decode::decode_proto_stream;
pub use encode::encode;

/// Field numbers; see the table above.
mod field {
    pub(super) mod profile {
        pub(in crate::wire) const SAMPLE_TYPE: u64 = 1;
        pub(in crate::wire) const SAMPLE: u64 = 2;
        pub(in crate::wire) const MAPPING: u64 = 3;
        pub(in crate::wire) const LOCATION: u64 = 4;
        pub(in crate::wire) const FUNCTION: u64 = 5;
        pub(in crate::wire) const STRING_TABLE: u64 = 6;
        pub(in crate::wire) const DROP_FRAMES: u64 = 7;
        pub(in crate::wire) const KEEP_FRAMES: u64 = 8;
        pub(in crate::wire) const TIME_NANOS: u64 = 9;
        pub(in crate::wire) const DURATION_NANOS: u64 = 10;
        pub(in crate::wire) const PERIOD_TYPE: u64 = 11;
        pub(in crate::wire) const PERIOD: u64 = 12;
        pub(in crate::wire) const COMMENT: u64 = 13;
        pub(in crate::wire) const DEFAULT_SAMPLE_TYPE: u64 = 14;
        pub(in crate::wire) const DOC_URL: u64 = 15;
    }
    pub(super) mod sample {
        pub(in crate::wire) const LOCATION_ID: u64 = 1;
        pub(in crate::wire) const VALUE: u64 = 2;
        pub(in crate::wire) const LABEL: u64 = 3;
    }
    pub(super) mod location {
        pub(in crate::wire) const ID: u64 = 1;
        pub(in crate::wire) const MAPPING_ID: u64 = 2;
        pub(in crate::wire) const ADDRESS: u64 = 3;
        pub(in crate::wire) const LINE: u64 = 4;
        pub(in crate::wire) const IS_FOLDED: u64 = 5;
    }
}
