//! Ten thousand records, and thousands of segments.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use engine::ports::Ledger;
use engine::ports::ledger::COMMIT_ITEMS;
use local::proxy::Mark;
use model::Recorded;

use crate::field::{Field, TABLE, entry, key, record};

const RECORDS: usize = 10_000;
const SEGMENTS: usize = 1_500;
/// The lease, the segment, and what DynamoDB takes in one transaction.
const LEASE_AND_SEGMENT: usize = 2;
const TRANSACTION: usize = 100;

#[tokio::test]
async fn ten_thousand_records_fit_into_transactions_and_come_back_equal() {
    const { assert!(COMMIT_ITEMS + LEASE_AND_SEGMENT <= TRANSACTION) };
    let field = Field::start().await;
    let epoch = field.lease("d1").await;
    let all: Vec<_> = (0..RECORDS).map(|number| (key(number), Some(record(number, 300)))).collect();
    for (index, items) in all.chunks(COMMIT_ITEMS).enumerate() {
        field.commit((epoch, index as u64 + 1), &[entry(index, 10)], items).await;
    }
    let commits = RECORDS.div_ceil(COMMIT_ITEMS);
    assert_eq!(field.count("TransactWriteItems"), commits);

    let mark = field.account.proxy.mark();
    let began = std::time::Instant::now();
    let recorded = field.store.record(&field.id).await.unwrap();
    println!("{RECORDS} records in {commits} commits, read in {:?}", began.elapsed());
    let resources: BTreeMap<_, _> = all.into_iter().map(|(key, record)| (key, record.unwrap())).collect();
    let expected = Recorded { sequence: commits as u64, resources, ..Recorded::default() };
    assert!(recorded == expected, "they come back as they were written");
    assert!(queries(&field, mark) >= 16);
    let partitions = partitions(&field).await;
    assert_eq!(partitions.iter().sum::<i32>(), RECORDS as i32);
    // A sixteenth is 625; a hash that is none would put them elsewhere.
    assert!(partitions.iter().all(|count| (500..750).contains(count)), "{partitions:?}");
}

#[tokio::test]
async fn a_journal_of_many_segments_is_read_by_several_readers_in_its_order() {
    let field = Field::start().await;
    let epoch = field.lease("d1").await;
    let entries: Vec<_> = (0..SEGMENTS).map(|number| entry(number, 10)).collect();
    for (index, entry) in entries.iter().enumerate() {
        field.commit((epoch, index as u64 + 1), std::slice::from_ref(entry), &[]).await;
        if index + 1 == 400 {
            let mark = field.account.proxy.mark();
            assert_eq!(field.store.journal(&"d1".into()).await.unwrap(), entries[..400]);
            assert_eq!(queries(&field, mark), 1, "a short journal is one query");
        }
    }
    let mark = field.account.proxy.mark();
    assert!(field.store.journal(&"d1".into()).await.unwrap() == entries, "every line, in the order of the commits");
    assert_eq!(queries(&field, mark), 10, "the first, the last, and eight readers at once");
}

fn queries(field: &Field, mark: Mark) -> usize {
    field.account.proxy.since(mark).iter().filter(|call| call.is("dynamodb", "Query")).count()
}

async fn partitions(field: &Field) -> Vec<i32> {
    let mut counts = Vec::new();
    for digit in 0..16 {
        let query = field.account.clients.dynamodb.query().table_name(TABLE).select(Select::Count);
        let query = query.key_condition_expression("pk = :pk");
        let pk = AttributeValue::S(format!("ENV#shop#dev#R{digit:x}"));
        counts.push(query.expression_attribute_values(":pk", pk).send().await.unwrap().count());
    }
    counts
}
