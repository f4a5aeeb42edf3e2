//! `deploy/kubernetes/board.yaml`.

use serde_json::Value;

use crate::board::{PORT, SECRET, assert_accepts, longest_end_ms};
use crate::files::assert_pinned;
use crate::served::Served;
use crate::yaml::{texts, yaml};

fn all(kind: &str) -> Vec<Value> {
    let all = yaml("deploy/kubernetes/board.yaml").into_iter();
    let found: Vec<Value> = all.filter(|object| object["kind"] == kind).collect();
    assert!(!found.is_empty(), "no {kind}");
    found
}

fn named(kind: &str, name: &str) -> Value {
    all(kind).into_iter().find(|object| object["metadata"]["name"] == name).expect("it is there")
}

fn pod(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["spec"]
}

fn container(deployment: &Value) -> &Value {
    &pod(deployment)["containers"][0]
}

#[test]
fn every_selector_selects_pods_and_every_port_is_one() {
    let deployments = all("Deployment");
    for deployment in &deployments {
        let labels = &deployment["spec"]["template"]["metadata"]["labels"];
        assert_eq!(&deployment["spec"]["selector"]["matchLabels"], labels);
    }
    let selected = |labels: &Value| {
        let by = |deployment: &&Value| deployment["spec"]["template"]["metadata"]["labels"] == *labels;
        deployments.iter().find(by).unwrap_or_else(|| panic!("{labels} selects nobody"))
    };
    for budget in all("PodDisruptionBudget") {
        let deployment = selected(&budget["spec"]["selector"]["matchLabels"]);
        assert!(deployment["spec"]["replicas"].as_u64() > budget["spec"]["maxUnavailable"].as_u64());
    }
    for service in all("Service") {
        let ports = &container(selected(&service["spec"]["selector"]))["ports"];
        for port in service["spec"]["ports"].as_array().expect("ports") {
            let target = &port["targetPort"];
            assert!(ports.as_array().expect("ports").iter().any(|port| port["name"] == *target), "{target}");
        }
    }
}

#[test]
fn a_node_is_started_as_the_board_can_be() {
    let board = named("Deployment", "board");
    let container = container(&board);
    assert_accepts(&texts(&container["args"]));
    let variables = container["env"].as_array().expect("variables");
    let value_of = |name: &str| variables.iter().find(|variable| variable["name"] == name).expect("it is set");
    assert_eq!(value_of(SECRET)["valueFrom"]["secretKeyRef"]["name"], "board");
    // A name that is another's, or no node's, would be all nodes' alike.
    assert!(texts(&container["args"]).contains(&"$(POD_NAME)"));
    assert_eq!(value_of("POD_NAME")["valueFrom"]["fieldRef"]["fieldPath"], "metadata.name");
    assert_eq!(container["ports"][0]["containerPort"], PORT);
    let broker = named("Service", "nats");
    assert!(texts(&container["args"]).contains(&&*format!("nats://nats:{}", broker["spec"]["ports"][0]["port"])));
}

#[test]
fn what_is_asked_whether_it_is_ready_answers() {
    let board = named("Deployment", "board");
    let probe = &container(&board)["readinessProbe"]["httpGet"];
    assert_eq!(probe["port"], container(&board)["ports"][0]["name"]);
    let served = Served::start();
    assert_eq!(served.status(probe["path"].as_str().expect("a path")), 200);
    assert_ne!(served.status("/api/none"), 200, "not everything is ready");
}

#[test]
fn it_has_time_to_send_everybody_away_after_nobody_more_comes() {
    let board = named("Deployment", "board");
    let before = container(&board)["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().expect("seconds");
    let grace = pod(&board)["terminationGracePeriodSeconds"].as_u64().expect("seconds");
    assert!(before > 0 && grace * 1_000 > before * 1_000 + longest_end_ms());
    let update = &board["spec"]["strategy"]["rollingUpdate"];
    assert_eq!((&update["maxSurge"], &update["maxUnavailable"]), (&1.into(), &0.into()));
}

#[test]
fn no_container_may_more_than_it_needs() {
    for deployment in all("Deployment") {
        let pod = pod(&deployment);
        let of_pod = &pod["securityContext"];
        assert_eq!(pod["automountServiceAccountToken"], false);
        assert_eq!(of_pod["runAsNonRoot"], true);
        assert!(of_pod["runAsUser"].as_u64() > Some(0));
        assert_eq!(of_pod["seccompProfile"]["type"], "RuntimeDefault");
        for container in pod["containers"].as_array().expect("containers") {
            assert_pinned(container["image"].as_str().expect("an image"));
            let of_container = &container["securityContext"];
            assert_eq!(of_container["allowPrivilegeEscalation"], false);
            assert_eq!(of_container["readOnlyRootFilesystem"], true);
            assert_eq!(texts(&of_container["capabilities"]["drop"]), ["ALL"]);
            assert!(container["resources"]["limits"]["memory"].is_string());
        }
    }
}
