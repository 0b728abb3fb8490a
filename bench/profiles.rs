//! Writes heap profiles of any size for `bench/pprof.sh`: the same every time, a sample at a time.
//!
//! The stacks are walks of 20 to 30 frames through a made-up program: up to 12,000 functions that call four places
//! each, the first frames shared by many, a fifth of the places with inlined lines. Two fifths of the samples are in
//! use; from one snapshot to the next a few of them come and go. Besides there are a stack that leaks, a cache that
//! fills up and a saw-tooth. As in what Go's runtime writes, samples come before the places they name.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use model::profile::wire::{put_bytes, put_number, put_varint};

/// Bytes between two sampled allocations, Go's default.
const RATE: u64 = 524_288;
/// Size classes, small ones more often.
const SIZES: [u64; 16] = [16, 32, 48, 64, 64, 96, 128, 128, 208, 256, 512, 1024, 2048, 4096, 16384, 65536];
/// Seconds since 1970 of the first snapshot, and from one to the next.
const START: u64 = 1_763_640_000;
const EVERY: u64 = 30;
/// Places that a function calls.
const CALLS: u64 = 4;
/// What the profile counts, and the words before the names of functions in its table of strings.
const TYPES: [(&str, &str); 4] =
    [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")];
const WORDS: [&str; 9] =
    ["", "alloc_objects", "alloc_space", "inuse_objects", "inuse_space", "count", "bytes", "space", "/usr/bin/shop"];

/// A stack of its own, outermost frame first: size of an object, and how many sampled objects are in use.
struct Special {
    size: u64,
    path: &'static [&'static str],
    in_use: fn(scale: u64, snapshot: u64) -> u64,
}

const SPECIALS: [Special; 3] = [
    Special {
        size: 16384,
        path: &[
            "main.main.func1",
            "shop.example/feed/hub.(*Hub).Run",
            "shop.example/feed/hub.(*Hub).refresh",
            "shop.example/feed/hub.(*Hub).follow",
            "shop.example/feed/hub.(*Hub).Subscribe",
            "shop.example/feed/hub.newSubscriber",
            "shop.example/feed/hub.newRing",
        ],
        in_use: |scale, snapshot| scale * (snapshot + 1),
    },
    Special {
        size: 4096,
        path: &[
            "main.main.func2",
            "shop.example/feed/page.(*Cache).Run",
            "shop.example/feed/page.(*Cache).Get",
            "shop.example/feed/page.load",
        ],
        in_use: |scale, snapshot| scale * [30, 50, 62, 66, 66, 66][snapshot.min(5) as usize] / 20,
    },
    Special {
        size: 512,
        path: &["main.main.func3", "shop.example/feed/batch.(*Batcher).Run", "shop.example/feed/batch.newEvent"],
        in_use: |scale, snapshot| scale * [14, 7, 1, 16, 10, 4][(snapshot % 6) as usize] / 20,
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["pair", samples, folder] => {
            let program = Program::new(samples.parse()?);
            program.save(0, &Path::new(folder).join(format!("{samples}.A.pb.gz")))?;
            program.save(5, &Path::new(folder).join(format!("{samples}.B.pb.gz")))?;
        }
        ["series", samples, snapshots, folder] => {
            let program = Program::new(samples.parse()?);
            for snapshot in 0..snapshots.parse()? {
                program.save(snapshot, &Path::new(folder).join(format!("{samples}.{}.pb.gz", snapshot + 1)))?;
            }
        }
        _ => return Err("profiles pair SAMPLES FOLDER | profiles series SAMPLES SNAPSHOTS FOLDER".into()),
    }
    Ok(())
}

/// A number that looks random and is the same every time: the finaliser of splitmix64 (Steele, Lea, Flood 2014).
fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_add(0x632b_e59b_d9b4_e019);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The program that the profiles are of.
struct Program {
    samples: u64,
    functions: u64,
}

impl Program {
    fn new(samples: u64) -> Program {
        Program { samples, functions: (samples / 5).clamp(30, 12_000) }
    }

    fn save(&self, snapshot: u64, path: &Path) -> io::Result<()> {
        let file = BufWriter::new(File::create(path)?);
        let mut out = GzEncoder::new(file, Compression::fast());
        self.write(snapshot, &mut out)?;
        out.finish()?.flush()
    }

    /// A place in a function, from 1 on; the places of the special stacks come after all others.
    fn place(&self, function: u64, call: u64) -> u64 {
        function * CALLS + call + 1
    }

    /// The function called at a place: the lower its number, the more often it is called.
    fn callee(&self, place: u64) -> u64 {
        let random = mix(1, place);
        (random % self.functions).min((random >> 32) % self.functions)
    }

    /// The places of a stack, innermost first. Sixteen neighbours share all but the last two calls. The last eleven
    /// calls spell the number of the sample, so that no two stacks are equal; those before take the first way mostly.
    fn stack(&self, sample: u64, places: &mut Vec<u64>) {
        let random = mix(2, sample / 16);
        let depth = 20 + random % 11;
        let number = ((sample / 16).wrapping_mul(0x9e37_79b1) << 4) | (sample % 16);
        let mut function = (random >> 8) % 8;
        places.clear();
        for left in (0..depth).rev() {
            let call = match left {
                0..=10 => (number >> (2 * left)) & 3,
                _ => [0, 0, 0, 0, 0, 1, 1, 2][(mix(random, left) & 7) as usize],
            };
            let place = self.place(function, call);
            places.push(place);
            function = self.callee(place);
        }
        places.reverse();
    }

    /// Sampled objects of a stack, allocated so far and in use at a snapshot.
    fn counts(sample: u64, snapshot: u64) -> (u64, u64) {
        let random = mix(3, sample);
        let allocated = 1 + random % 40 + snapshot * ((random >> 8) % 4);
        if (random >> 16) % 5 >= 2 {
            return (allocated + 4, 0);
        }
        let steady = 1 + (random >> 24) % 4;
        let now = match mix(mix(4, sample), snapshot) % 100 {
            0..2 => steady - 1,
            2..4 => steady + 1,
            _ => steady,
        };
        (allocated + 4, now)
    }

    fn write(&self, snapshot: u64, out: &mut impl Write) -> io::Result<()> {
        let mut buffer = Vec::new();
        let mut message = Vec::new();
        let word = |text: &str| WORDS.iter().position(|w| *w == text).unwrap_or_default() as u64;
        let value_type = |message: &mut Vec<u8>, kind: &str, unit: &str| {
            message.clear();
            put_number(message, 1, word(kind));
            put_number(message, 2, word(unit));
        };
        value_type(&mut message, "space", "bytes");
        put_bytes(&mut buffer, 11, &message);
        put_number(&mut buffer, 12, RATE);
        for (kind, unit) in TYPES {
            value_type(&mut message, kind, unit);
            put_bytes(&mut buffer, 1, &message);
        }
        put_number(&mut buffer, 9, (START + EVERY * snapshot) * 1_000_000_000);
        put_number(&mut buffer, 14, word("inuse_space"));
        self.write_samples(snapshot, out, &mut buffer)?;
        self.write_tables(out, &mut buffer)?;
        out.write_all(&buffer)
    }

    fn write_samples(&self, snapshot: u64, out: &mut impl Write, buffer: &mut Vec<u8>) -> io::Result<()> {
        let mut places = Vec::new();
        let mut message = Vec::new();
        let mut packed = Vec::new();
        let mut put = |buffer: &mut Vec<u8>, places: &[u64], size: u64, (allocated, in_use): (u64, u64)| {
            message.clear();
            packed.clear();
            places.iter().for_each(|place| put_varint(&mut packed, *place));
            put_bytes(&mut message, 1, &packed);
            packed.clear();
            for count in [allocated, in_use] {
                // A sampled object stands for as many as fit between two samples.
                let objects = count * (RATE / size).max(1);
                put_varint(&mut packed, objects);
                put_varint(&mut packed, objects * size);
            }
            put_bytes(&mut message, 2, &packed);
            packed.clear();
            put_number(&mut packed, 1, WORDS.iter().position(|w| *w == "bytes").unwrap_or_default() as u64);
            put_number(&mut packed, 3, size);
            put_bytes(&mut message, 3, &packed);
            put_bytes(buffer, 2, &message);
        };
        let mut first = self.place(self.functions, 0);
        for special in &SPECIALS {
            let in_use = (special.in_use)((self.samples / 100).max(2), snapshot);
            let allocated = (self.samples / 100).max(2) * 4 * (snapshot + 1);
            places.clear();
            places.extend((first..first + special.path.len() as u64).rev());
            first += special.path.len() as u64;
            put(buffer, &places, special.size, (allocated, in_use));
        }
        for sample in SPECIALS.len() as u64..self.samples {
            self.stack(sample, &mut places);
            let size = SIZES[(mix(5, sample) % 16) as usize];
            put(buffer, &places, size, Program::counts(sample, snapshot));
            flush(out, buffer)?;
        }
        Ok(())
    }

    /// The binary, the places, the functions, and the strings that all of these name.
    fn write_tables(&self, out: &mut impl Write, buffer: &mut Vec<u8>) -> io::Result<()> {
        let mut message = Vec::new();
        let mut line = Vec::new();
        for (field, number) in [(1, 1), (2, 0x40_0000), (3, 0x400_0000), (5, 8), (7, 1)] {
            put_number(&mut message, field, number);
        }
        put_bytes(buffer, 3, &message);

        let specials: Vec<&str> = SPECIALS.iter().flat_map(|special| special.path).copied().collect();
        let ordinary = self.functions * CALLS;
        for place in 1..=ordinary + specials.len() as u64 {
            message.clear();
            put_number(&mut message, 1, place);
            put_number(&mut message, 2, 1);
            put_number(&mut message, 3, 0x40_0000 + place * 0x40);
            let random = mix(6, place);
            let inlined = match random % 20 {
                _ if place > ordinary => 0,
                0 => 2,
                1..4 => 1,
                _ => 0,
            };
            for depth in (0..=inlined).rev() {
                let function = match depth {
                    _ if place > ordinary => self.functions + place - ordinary,
                    0 => (place - 1) / CALLS + 1,
                    _ => mix(random, depth) % self.functions + 1,
                };
                line.clear();
                put_number(&mut line, 1, function);
                put_number(&mut line, 2, 10 + (random >> 32) % 600);
                put_bytes(&mut message, 4, &line);
            }
            put_bytes(buffer, 4, &message);
            flush(out, buffer)?;
        }

        // Two strings a function, the name and the file.
        let functions = self.functions + specials.len() as u64;
        for function in 0..functions {
            let name = WORDS.len() as u64 + 2 * function;
            message.clear();
            for (field, number) in [(1, function + 1), (2, name), (3, name), (4, name + 1), (5, 5)] {
                put_number(&mut message, field, number);
            }
            put_bytes(buffer, 5, &message);
        }
        WORDS.iter().for_each(|word| put_bytes(buffer, 6, word.as_bytes()));
        for function in 0..functions {
            let (name, file) = match specials.get(function.wrapping_sub(self.functions) as usize) {
                Some(name) => (name.to_string(), "shop.example/feed/feed.go".to_string()),
                None => ordinary_names(function),
            };
            put_bytes(buffer, 6, name.as_bytes());
            put_bytes(buffer, 6, file.as_bytes());
            flush(out, buffer)?;
        }
        Ok(())
    }
}

/// Name and file of a function: twenty to a package, twelve packages to a team.
fn ordinary_names(function: u64) -> (String, String) {
    let package = function / 20;
    let path = format!("shop.example/team{:02}/pkg{package:04}", package / 12);
    let name = match function % 3 {
        0 => format!("{path}.Make{function}"),
        _ => format!("{path}.(*Kind{}).Do{function}", function % 20 / 4),
    };
    (name, format!("{path}/file{}.go", function % 20 / 7))
}

/// Hands on what was gathered once it is worth it.
fn flush(out: &mut impl Write, buffer: &mut Vec<u8>) -> io::Result<()> {
    if buffer.len() >= 1 << 16 {
        out.write_all(buffer)?;
        buffer.clear();
    }
    Ok(())
}
