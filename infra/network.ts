import { Validations } from 'aws-cdk-lib';
import {
  GatewayVpcEndpointAwsService,
  IpAddresses,
  type IVpc,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { EnvironmentSettings } from './settings/schema.js';

/** Where the tasks run, and what they can reach from there. */
export class Network extends Construct {
  readonly vpc: IVpc;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly publicAddress: boolean;
  private readonly tasks: SecurityGroup;
  private tasksMeet = false;

  constructor(scope: Construct, id: string, settings: EnvironmentSettings['network']) {
    super(scope, id);
    if (settings) {
      // The zones' names are used by nothing here; the subnets are named one by one.
      this.vpc = Vpc.fromVpcAttributes(this, 'Vpc', { vpcId: settings.vpc, availabilityZones: ['unknown'] });
      this.subnets = settings.subnets;
    } else {
      this.vpc = ownVpc(this);
      this.subnets = this.vpc.publicSubnets.map(({ subnetId }) => subnetId);
    }
    this.tasks = new SecurityGroup(this, 'Tasks', {
      vpc: this.vpc,
      description: 'Backup and restore tasks: nobody else calls them, they call out',
    });
    this.securityGroups = [this.tasks.securityGroupId, ...(settings?.securityGroups ?? [])];
    this.publicAddress = settings?.publicAddress ?? true;
  }

  /** Lets tasks reach each other. */
  letTasksMeet(port: number): void {
    if (this.tasksMeet) return;
    this.tasksMeet = true;
    this.tasks.addIngressRule(this.tasks, Port.tcp(port), 'tasks that share one dump or restore');
  }

  /** Opens a port of somebody else's security group to the tasks. */
  allowTo(securityGroup: string | undefined, port: number, what: string): void {
    if (!securityGroup) return;
    const id = `To ${securityGroup} ${port}`;
    if (this.node.tryFindChild(id)) return;
    SecurityGroup.fromSecurityGroupId(this, id, securityGroup).addIngressRule(this.tasks, Port.tcp(port), what);
  }
}

/** Public subnets and a free way to S3: nothing in it costs by the hour. */
function ownVpc(scope: Construct): IVpc {
  const vpc = new Vpc(scope, 'Vpc', {
    ipAddresses: IpAddresses.cidr('10.88.0.0/24'),
    maxAzs: 2,
    natGateways: 0,
    subnetConfiguration: [{ name: 'Public', subnetType: SubnetType.PUBLIC }],
    gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
  });
  Validations.of(vpc).acknowledge({
    id: 'AwsSolutions-VPC7',
    reason: 'Only outgoing connections of short-lived tasks; flow logs would cost more than the VPC.',
  });
  return vpc as IVpc; // the two disagree only on whether an absent value may be undefined
}
