//! Kills in the middle of an update and of a deletion.

use end_to_end::assert_deployed;
use local::proxy::Point;

use crate::kill::At;
use crate::outcome::{closed, field, go_on, turn_to};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wave_killed_in_an_update_or_a_deletion_goes_on_with_it() {
    let mut field = field().await;
    let mut calm = None;
    for (environment, point) in [("u00", None), ("u01", Some(Point::BeforeEffect)), ("u02", Some(Point::AfterEffect))] {
        let first = turn_to(&mut field, environment).await;
        assert_deployed(&field.deploy(&first).await);
        let larger = first.with("strands.yaml", "memory: 256", "memory: 512");
        let without_spare = larger.clone().with("strands.yaml", ", spare: {}", "");
        let steps = [
            (larger, At { service: "lambda", operation: "UpdateFunctionConfiguration", point: Point::BeforeEffect }),
            (without_spare, At { service: "sqs", operation: "DeleteQueue", point: Point::BeforeEffect }),
        ];
        for (project, at) in steps {
            match point {
                None => assert_deployed(&field.deploy(&project).await),
                Some(point) => go_on(&field, &project, &[At { point, ..at }]).await,
            }
        }
        let end = closed(&field).await;
        match &calm {
            None => calm = Some(end),
            Some(calm) => end.assert_is(calm, environment),
        }
    }
}
