//! `deploy/compose.yaml`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::board::{PORT, SECRET, assert_accepts, longest_end_ms, most_descriptors};
use crate::files::{assert_pinned, read, root};
use crate::yaml::{texts, yaml};

fn services() -> Map<String, Value> {
    let [file] = &yaml("deploy/compose.yaml")[..] else { panic!("one document") };
    file["services"].as_object().expect("services").clone()
}

fn nodes() -> Vec<(String, Value)> {
    services().into_iter().filter(|(_, service)| service.get("build").is_some()).collect()
}

#[test]
fn what_it_names_is_there() {
    let services = services();
    for (name, service) in &services {
        if service.get("build").is_none() {
            assert_pinned(service["image"].as_str().expect("an image"));
        }
        for needed in texts(&service["depends_on"]) {
            assert!(services.contains_key(needed), "{name} needs {needed}");
        }
        for volume in texts(&service["volumes"]) {
            let (file, _) = volume.split_once(':').expect("a file and its place");
            assert!(root().join("deploy").join(file).is_file(), "{name}: {file}");
        }
    }
    for (_, node) in nodes() {
        let context = root().join("deploy").join(node["build"]["context"].as_str().expect("a context"));
        assert!(context.join(node["build"]["dockerfile"].as_str().expect("a file")).is_file());
    }
}

#[test]
fn the_proxy_finds_every_node_and_is_found() {
    let nginx = read("deploy/nginx/nginx.conf");
    let services = services();
    let proxy = &services["proxy"];
    let [published] = texts(&proxy["ports"])[..] else { panic!("one port") };
    let (_, port) = published.split_once(':').expect("two ports");
    assert!(nginx.contains(&format!("listen {port};")));
    let (_, upstream) = nginx.split_once("server app:").expect("the nodes");
    assert!(upstream.starts_with(&format!("{PORT};")));
    for (name, node) in nodes() {
        assert_eq!(texts(&node["networks"]["default"]["aliases"]), ["app"], "{name}");
        assert!(texts(&proxy["depends_on"]).contains(&&*name));
    }
}

#[test]
fn there_are_two_nodes_each_with_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for (service, node) in nodes() {
        let command = texts(&node["command"]);
        assert_accepts(&command);
        let name = command.iter().skip_while(|arg| **arg != "--node").nth(1).expect("a name");
        assert!(names.insert((*name).to_owned()), "{service}");
        assert!(command.contains(&"nats://nats:4222") && services().contains_key("nats"));
        assert!(node["environment"][SECRET].as_str().expect("a secret").starts_with(&format!("${{{SECRET}:?")));
    }
    assert_eq!(names.len(), 2);
}

#[test]
fn a_node_has_the_time_and_the_descriptors_that_it_needs() {
    for (name, node) in nodes() {
        let grace = node["stop_grace_period"].as_str().and_then(|grace| grace.strip_suffix('s')).expect("seconds");
        assert!(grace.parse::<u64>().expect("a number") * 1_000 > longest_end_ms(), "{name}: {grace} s");
        assert!(node["ulimits"]["nofile"].as_u64().expect("a number") > most_descriptors(), "{name}");
    }
}

#[test]
fn nothing_may_more_than_it_needs() {
    for (name, service) in services() {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        assert!(service.get("privileged").is_none(), "{name}");
    }
}
