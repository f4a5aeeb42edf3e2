//! Whoever is held without a socket keeps its place in the next process: it counts in every bound, and is the first to give way.

use roomful::{Close, UserId};
use serde_json::Value;

use super::*;

/// Ann, and two of one user who are away: the later one to come is so for longer. Then the process is put away.
async fn two_away(stage: &Stage) -> (Process, [Value; 3]) {
    let process = stage.process();
    let (_ann, ann) = stage.come(&process, "ann", "").await;
    let (ben, first) = stage.come(&process, "ben-1", "").await;
    let (other, second) = stage.come(&process, "ben-2", "").await;
    for connection in [other, ben] {
        connection.end(&Close::LOST, None);
        process.quiet().await;
        stage.clock.fetch_add(1, Ordering::Relaxed);
    }
    (stage.put_away(process, 0), [ann, first, second].map(|snapshot| snapshot["self"].clone()))
}

fn with(limits: impl FnOnce(Limits) -> Limits) -> Stage {
    let stage = Stage::at(1_000);
    Stage { limits: limits(stage.limits.clone()), ..stage }
}

#[tokio::test(start_paused = true)]
async fn who_has_been_away_the_longest_gives_way_to_a_newcomer() {
    for (what, stage, name) in [
        ("members", with(|limits| limits.members(3)), "cy"),
        ("connections", with(|limits| limits.connections(3)), "cy"),
        ("connections_per_user", with(|limits| limits.connections_per_user(Some(2))), "ben-3"),
    ] {
        let (mut process, [ann, first, second]) = two_away(&stage).await;
        let (_newcomer, sees) = stage.come(&process, name, "").await;
        assert_eq!(ids(&sees), [&ann, &first, &sees["self"]], "{what}");
        process.quiet().await;
        let told = heard(process.only());
        assert_eq!(told[0], presence(&second, "leave"), "{what}");
        assert_eq!(stage.held.len(), 1, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_are_held_than_may_be_in_the_next_process() {
    let stage = with(|limits| limits);
    let (process, [ann, first, _]) = two_away(&stage).await;
    let stage = Stage { limits: stage.limits.clone().held_members(1), ..stage };
    let process = stage.put_away(process, 0);
    process.quiet().await;
    assert_eq!((process.rooms.stats().members, stage.held.len()), (2, 1));
    let (_cy, sees) = stage.come(&process, "cy", "").await;
    assert_eq!(ids(&sees)[..2], [&ann, &first]);
}

#[tokio::test(start_paused = true)]
async fn a_user_whose_members_are_held_is_kicked_with_all_of_them() {
    let stage = with(|limits| limits);
    let (mut process, [_, first, second]) = two_away(&stage).await;
    let ben = UserId::new("ben").unwrap();
    assert!(process.rooms.at(&Talk { id: "1".into() }).kick_user(&ben, "").await.unwrap());
    process.quiet().await;
    let mut told = heard(process.only());
    told.sort_by_key(|frame| frame["from"] == second);
    assert_eq!(told, [presence(&first, "leave"), presence(&second, "leave")]);
    assert_eq!((process.rooms.stats().members, stage.held.len()), (1, 0));
}
