const cdk = require('aws-cdk-lib');
const { aws_sqs: sqs, aws_dynamodb: ddb, aws_lambda: lambda, aws_sns: sns, aws_s3: s3, aws_ssm: ssm, aws_cloudwatch: cw,
  aws_lambda_event_sources: sources, aws_sns_subscriptions: subs, aws_apigatewayv2: api, aws_apigatewayv2_integrations: integ,
  aws_cloudwatch_actions: actions, aws_logs: logs, aws_iam: iam } = cdk;
const app = new cdk.App({ outdir: 'cdk.out', analyticsReporting: true, stackTraces: false });
class Storage extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    this.table = new ddb.Table(this, 'Orders', { partitionKey: { name: 'pk', type: ddb.AttributeType.STRING }, sortKey: { name: 'sk', type: ddb.AttributeType.STRING },
      billingMode: ddb.BillingMode.PAY_PER_REQUEST, pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true }, removalPolicy: cdk.RemovalPolicy.DESTROY, timeToLiveAttribute: 'until', stream: ddb.StreamViewType.NEW_IMAGE });
    this.table.addGlobalSecondaryIndex({ indexName: 'by-state', partitionKey: { name: 'state', type: ddb.AttributeType.STRING } });
    this.bucket = new s3.Bucket(this, 'Documents', { enforceSSL: true, blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL, versioned: true, encryption: s3.BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ expiration: cdk.Duration.days(90), abortIncompleteMultipartUploadAfter: cdk.Duration.days(1) }] });
    new cdk.CfnOutput(this, 'BucketName', { value: this.bucket.bucketName, exportName: 'documents' });
  }
}
class Journal extends cdk.NestedStack {
  constructor(scope, id, props) {
    super(scope, id, props);
    this.entries = new sqs.Queue(this, 'Entries', { visibilityTimeout: cdk.Duration.seconds(45) });
    new ssm.StringParameter(this, 'Source', { parameterName: '/support-desk/dev/journal/source', stringValue: `${props.notices.topicName} of ${props.work.queueName}` });
  }
}
class Watch extends cdk.NestedStack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const keep = new cdk.CfnParameter(this, 'Keep', { type: 'String', default: 'no', allowedValues: ['yes', 'no'] });
    const isKept = new cdk.CfnCondition(this, 'IsKept', { expression: cdk.Fn.conditionEquals(keep.valueAsString, 'yes') });
    this.notices = new sns.Topic(this, 'Notices', { displayName: 'notices' });
    const kept = new sqs.CfnQueue(this, 'Kept', { visibilityTimeout: 31 }); kept.cfnOptions.condition = isKept;
    const dropped = new sqs.CfnQueue(this, 'Dropped', {}); dropped.cfnOptions.condition = new cdk.CfnCondition(this, 'IsDropped', { expression: cdk.Fn.conditionNot(isKept) });
    this.journal = new Journal(this, 'Journal', { notices: this.notices, work: props.work });
    this.look = new lambda.Function(this, 'Look', { runtime: lambda.Runtime.PYTHON_3_12, handler: 'index.handler', code: lambda.Code.fromAsset('fn/worker'),
      environment: { WORK: props.work.queueUrl, ENTRIES: this.journal.entries.queueUrl } });
    props.work.grantConsumeMessages(this.look); this.journal.entries.grantSendMessages(this.look);
  }
}
class Service extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const stage = new cdk.CfnParameter(this, 'Stage', { type: 'String', default: 'dev', allowedValues: ['dev', 'prod'] });
    const isProd = new cdk.CfnCondition(this, 'IsProd', { expression: cdk.Fn.conditionEquals(stage.valueAsString, 'prod') });
    const dead = new sqs.Queue(this, 'Dead', { retentionPeriod: cdk.Duration.days(14) });
    const queue = new sqs.Queue(this, 'Work', { visibilityTimeout: cdk.Duration.seconds(60), deadLetterQueue: { queue: dead, maxReceiveCount: 3 }, enforceSSL: true });
    const topic = new sns.Topic(this, 'Events', { displayName: 'events', enforceSSL: true });
    topic.addSubscription(new subs.SqsSubscription(queue, { rawMessageDelivery: true, filterPolicy: { kind: sns.SubscriptionFilter.stringFilter({ allowlist: ['order'] }) } }));
    const apiLogs = new logs.LogGroup(this, 'ApiLogs', { retention: logs.RetentionDays.TWO_WEEKS, removalPolicy: cdk.RemovalPolicy.DESTROY });
    const fn = new lambda.Function(this, 'Api', { runtime: lambda.Runtime.PYTHON_3_12, handler: 'index.handler', code: lambda.Code.fromAsset('fn/api'), memorySize: 256, timeout: cdk.Duration.seconds(10),
      environment: { TABLE: props.table.tableName, QUEUE: queue.queueUrl, STAGE: stage.valueAsString }, logGroup: apiLogs, tracing: lambda.Tracing.ACTIVE });
    props.table.grantReadWriteData(fn); queue.grantSendMessages(fn); props.bucket.grantRead(fn);
    const worker = new lambda.Function(this, 'Worker', { runtime: lambda.Runtime.PYTHON_3_12, handler: 'index.handler', code: lambda.Code.fromAsset('fn/worker'), deadLetterQueue: dead });
    worker.addEventSource(new sources.SqsEventSource(queue, { batchSize: 5, reportBatchItemFailures: true }));
    const alias = new lambda.Alias(this, 'Live', { aliasName: 'live', version: fn.currentVersion });
    const url = alias.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM });
    const http = new api.HttpApi(this, 'Http', { corsPreflight: { allowOrigins: ['https://example.com'], allowMethods: [api.CorsHttpMethod.POST] } });
    http.addRoutes({ path: '/orders/{id}', methods: [api.HttpMethod.GET, api.HttpMethod.POST], integration: new integ.HttpLambdaIntegration('ApiIntegration', fn) });
    const alarm = new cw.Alarm(this, 'Errors', { metric: fn.metricErrors({ period: cdk.Duration.minutes(1) }), threshold: 1, evaluationPeriods: 1 });
    alarm.addAlarmAction(new actions.SnsAction(topic));
    const seed = new lambda.Function(this, 'Seed', { runtime: lambda.Runtime.PYTHON_3_12, handler: 'index.handler', code: lambda.Code.fromAsset('fn/seed') });
    const custom = new cdk.CustomResource(this, 'Seeding', { serviceToken: seed.functionArn, resourceType: 'Custom::Seeding', properties: { Who: cdk.Fn.select(1, cdk.Fn.split('-', 'big-world')) } });
    new ssm.StringParameter(this, 'Greeting', { parameterName: '/support-desk/dev/greeting', stringValue: custom.getAttString('Greeting') });
    const prodOnly = new sqs.CfnQueue(this, 'ProdOnly', {}); prodOnly.cfnOptions.condition = isProd;
    const watch = new Watch(this, 'Watch', { work: queue, parameters: { Keep: 'yes' }, removalPolicy: cdk.RemovalPolicy.DESTROY });
    new ssm.StringParameter(this, 'Entries', { parameterName: '/support-desk/dev/entries', stringValue: watch.journal.entries.queueArn });
    const last = new sqs.Queue(this, 'Last'); last.node.addDependency(watch);
    new cdk.CfnOutput(this, 'NoticesArn', { value: watch.notices.topicArn });
    new cdk.CfnOutput(this, 'Url', { value: url.url });
    new cdk.CfnOutput(this, 'ApiEndpoint', { value: http.apiEndpoint });
    cdk.Tags.of(this).add('team', 'desk');
  }
}
const storage = new Storage(app, 'Storage');
const service = new Service(app, 'Service', { table: storage.table, bucket: storage.bucket });
app.synth();
