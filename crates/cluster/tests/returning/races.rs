//! What may come between a member's two nodes.

use std::time::Duration;

use super::app::{Client, pass};
use super::{GRACE_MS, Three, all_know, ann_ben_cy, three};

fn told(client: &mut Client) -> String {
    client.heard().join(" ")
}

/// Its node is at work in a hook, and it has lost its socket.
async fn at_work(ben: &mut Client) {
    ben.say("wait");
    pass(10).await;
    ben.lose();
    pass(10).await;
}

#[tokio::test(start_paused = true)]
async fn whose_node_does_not_answer_is_taken_over_and_nobody_knows_what_was_handled() {
    let Three { nodes, .. } = three().await;
    let [mut ann, mut ben, cy] = ann_ben_cy(&nodes).await;
    at_work(&mut ben).await;
    let mut back = nodes[2].come("ben", Some(&ben)).await;
    assert_eq!((back.id(), back.is_resumed(), back.acked()), (ben.id(), false, None));
    // It goes on, and what it says then nobody hears.
    nodes[1].gate.add_permits(1);
    pass(50).await;
    back.say("here");
    pass(50).await;
    assert_eq!(told(&mut ann), "away here");
    all_know(&nodes, &[(ann.id(), false), (back.id(), false), (cy.id(), false)]).await;
}

#[tokio::test(start_paused = true)]
async fn whose_node_dies_at_any_step_is_one_member() {
    for step in ["before it is asked", "when it was asked", "before that is heard", "before it hears that it was taken"]
    {
        let Three { nodes, .. } = three().await;
        let [mut ann, mut ben, mut cy] = ann_ben_cy(&nodes).await;
        at_work(&mut ben).await;
        let dies = async {
            let home = &nodes[1];
            match step {
                "before it is asked" => {}
                "when it was asked" => pass(20).await,
                "before that is heard" => {
                    pass(20).await;
                    home.endpoint.set_mute(true);
                    home.gate.add_permits(1);
                    pass(20).await;
                }
                _ => {
                    pass(20).await;
                    home.gate.add_permits(1);
                    home.endpoint.set_deaf(true);
                    pass(20).await;
                }
            }
            home.kill();
        };
        let (mut back, ()) = tokio::join!(nodes[2].come("ben", Some(&ben)), dies);
        let is_given = step == "before it hears that it was taken";
        assert_eq!((back.id(), back.is_resumed()), (ben.id(), is_given), "{step}");
        assert_eq!(back.acked(), is_given.then_some(1), "{step}");
        back.say("here");
        pass(20_000).await;
        let due = [(ann.id(), false), (back.id(), false), (cy.id(), false)];
        all_know([&nodes[0], &nodes[2]], &due).await;
        let heard = if is_given { "away wait here" } else { "away here" };
        assert_eq!((&*told(&mut ann), &*told(&mut cy)), (heard, heard), "{step}");
    }
}

/// The snapshot of the node that has it now is lost with the socket, so its client comes with the token from before.
#[tokio::test(start_paused = true)]
async fn who_comes_once_more_with_the_token_from_before_misses_nothing_wherever_it_comes() {
    for (next, hears) in [(1, true), (1, false), (2, true), (2, false), (0, true), (0, false)] {
        let Three { nodes, .. } = three().await;
        let [mut ann, ben, mut cy] = ann_ben_cy(&nodes).await;
        ben.lose();
        pass(10).await;
        ann.say("1");
        pass(10).await;
        nodes[2].endpoint.set_delay(Duration::from_millis(20));
        let lost = nodes[2].connect("ben", Some(&ben.offer()));
        pass(5).await;
        // It has asked. Whether the others know by then that it has it.
        nodes[2].endpoint.set_mute(!hears);
        pass(50).await;
        nodes[2].endpoint.set_delay(Duration::ZERO);
        lost.lose();
        ann.say("2");
        pass(10).await;
        let mut back = nodes[next].come("ben", Some(&ben)).await;
        nodes[2].endpoint.set_mute(false);
        cy.say("3");
        pass(8_000).await;
        assert_eq!(back.id(), ben.id(), "{next} {hears}");
        let all = if back.is_resumed() { "1 2 3" } else { "3" };
        assert_eq!(told(&mut back), all, "{next} {hears}");
        assert!(back.is_resumed() || !hears, "{next}");
        let due = [(ann.id(), false), (back.id(), false), (cy.id(), false)];
        all_know(&nodes, &due).await;
        back.say("still here");
        pass(50).await;
        assert!(told(&mut ann).ends_with("still here") && told(&mut cy).ends_with("still here"), "{next} {hears}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_to_two_nodes_at_once_stays_at_one() {
    let Three { nodes, .. } = three().await;
    let [mut ann, ben, cy] = ann_ben_cy(&nodes).await;
    ben.lose();
    pass(10).await;
    let (one, two) = tokio::join!(nodes[0].come("ben", Some(&ben)), nodes[2].come("ben", Some(&ben)));
    assert_eq!([one.id(), two.id()], [ben.id(); 2]);
    pass(500).await;
    let mut both = [one, two];
    let closed: Vec<_> = both.iter_mut().filter_map(Client::closed).collect();
    assert_eq!(closed, [4409], "one of them");
    all_know(&nodes, &[(ann.id(), false), (ben.id(), false), (cy.id(), false)]).await;
    assert_eq!(told(&mut ann), "away", "it was back, once");
}

/// Its client gives up while its node is asked.
#[tokio::test(start_paused = true)]
async fn who_was_given_away_and_comes_nowhere_leaves_at_the_end_of_its_grace() {
    let Three { nodes, .. } = three().await;
    let [mut ann, ben, cy] = ann_ben_cy(&nodes).await;
    ben.lose();
    pass(10).await;
    nodes[2].endpoint.set_delay(Duration::from_millis(150));
    let coming = nodes[2].connect("ben", Some(&ben.offer()));
    pass(100).await;
    coming.lose();
    drop(coming);
    pass(1_000).await;
    all_know(&nodes, &[(ann.id(), false), (ben.id(), true), (cy.id(), false)]).await;
    assert_eq!(told(&mut ann), "away");
    pass(GRACE_MS).await;
    assert_eq!((told(&mut ann), nodes[1].handled()), ("leave".to_owned(), vec!["ben left".to_owned()]));
    all_know(&nodes, &[(ann.id(), false), (cy.id(), false)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_gone_in_the_middle_of_it_leaves_one_member() {
    for gone_after in [0, 2, 20] {
        let Three { nodes, broker } = three().await;
        let [ann, mut ben, cy] = ann_ben_cy(&nodes).await;
        at_work(&mut ben).await;
        let comes = nodes[2].come("ben", Some(&ben));
        let (back, ()) = tokio::join!(comes, async {
            pass(gone_after).await;
            broker.stop();
            nodes[1].gate.add_permits(1);
            pass(1_500).await;
            broker.start();
        });
        assert_eq!((back.id(), back.is_resumed()), (ben.id(), false), "{gone_after}");
        pass(10_000).await;
        all_know(&nodes, &[(ann.id(), false), (back.id(), false), (cy.id(), false)]).await;
    }
}

/// One hears of the other's claim when it has come back itself.
#[tokio::test(start_paused = true)]
async fn whoever_has_its_client_last_has_it() {
    let Three { nodes, .. } = three().await;
    let [ann, ben, cy] = ann_ben_cy(&nodes).await;
    ben.lose();
    pass(10).await;
    nodes[2].endpoint.set_delay(Duration::from_millis(20));
    let lost = nodes[2].connect("ben", Some(&ben.offer()));
    pass(5).await;
    nodes[2].endpoint.set_mute(true);
    pass(50).await;
    nodes[2].endpoint.set_delay(Duration::ZERO);
    lost.lose();
    let mut back = nodes[1].come("ben", Some(&ben)).await;
    assert!(back.is_resumed());
    nodes[2].endpoint.set_mute(false);
    pass(8_000).await;
    assert_eq!(back.closed(), None);
    all_know(&nodes, &[(ann.id(), false), (back.id(), false), (cy.id(), false)]).await;
}
