//! A process that is killed loses at most the scrape it was writing.

use std::io::{BufRead, BufReader};

use crate::{EVERY, START, folder_of_child, in_another_process, open, scrape, value, values, window};

/// Killed five times, each time somewhere else: early, while sealing, after a block or two.
#[tokio::test]
async fn a_killed_process_loses_no_scrape_it_has_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let mut told = 0;
    for scrapes in [3, 100, 239, 241, 400] {
        let mut child = in_another_process("killed::appends_until_it_is_killed", dir.path()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        // The first line of the harness may stand before the first number.
        let numbers = lines.filter_map(|line| line.rsplit(' ').next().and_then(|last| last.parse::<u64>().ok()));
        for (_, turn) in (0..scrapes).zip(numbers) {
            told = turn + 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();

        let store = open(dir.path()).await;
        let samples = store.extent().await.unwrap().all.samples;
        // What it stored after the last line that was read here is there as well.
        assert!(samples % 5 == 0 && samples >= told * 5, "{samples} samples of {told} scrapes");
        let turns = samples / 5;
        let rows = values(&store, window(START + (turns as i64 - 1) * EVERY, turns as i64)).await;
        assert_eq!(rows.len(), 5);
        for (pid, row) in rows {
            assert!(row.into_iter().eq((0..turns).map(|turn| Some(value(pid, turn)))), "process {pid}");
        }
    }
    assert!(told > 900, "{told}");
}

#[tokio::test]
#[ignore = "is the process that the test above kills"]
async fn appends_until_it_is_killed() {
    let Some(dir) = folder_of_child() else { return };
    let store = open(&dir).await;
    let there = store.extent().await.unwrap().all.samples / 5;
    for turn in there.. {
        assert_eq!(store.append(START + turn as i64 * EVERY, &scrape(5, turn)).await.unwrap().taken, 5);
        println!("stored {turn}");
    }
}
