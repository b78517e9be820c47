package example;

import com.costack.costack.enums.CacheSpecEngine;
import com.costack.costack.enums.Controls;
import com.costack.costack.enums.Environment;
import com.costack.costack.enums.FileSystemSpecThroughputMode;
import com.costack.costack.inputs.BackupBucketSpecArgs;
import com.costack.costack.inputs.CacheSpecArgs;
import com.costack.costack.inputs.ClusterSpecArgs;
import com.costack.costack.inputs.DatabaseSpecArgs;
import com.costack.costack.inputs.FileSystemSpecArgs;
import com.costack.costack.inputs.ImagesArgs;
import com.costack.costack.inputs.IngressSpecArgs;
import com.costack.costack.inputs.NetworkSpecArgs;
import com.costack.costack.inputs.NodeGroupSpecArgs;
import com.costack.costack.inputs.ObservabilitySpecArgs;
import com.costack.costack.inputs.OdooImageArgs;
import com.costack.costack.inputs.OperationsImageArgs;
import com.costack.costack.inputs.OptionsArgs;
import com.costack.costack.inputs.PlatformArgs;
import com.costack.costack.inputs.PlatformServiceArgs;
import com.costack.costack.inputs.TenantArgs;

/** The platform, and its tenants: what portfolios/ says in files of its own. */
final class Portfolio {
    private static final String REGION = "us-east-1";
    private static final String SECOND = "eu-west-1";
    private static final String SERVICE_LINE = "odoo-hosting";

    private Portfolio() {
    }

    static TenantArgs acme() {
        return TenantArgs.builder()
                .tenant("acme")
                .client("acme-consulting")
                .environment(Environment.Production)
                .tier("shared-namespace")
                .region(REGION)
                .serviceLine(SERVICE_LINE)
                .hostname("acme.odoo.example.com")
                .options(OptionsArgs.builder().users(8).build())
                .build();
    }

    static TenantArgs meridian() {
        return TenantArgs.builder()
                .tenant("meridian")
                .client("meridian-group")
                .environment(Environment.Production)
                .tier("cross-region-backup")
                .region(REGION)
                .serviceLine(SERVICE_LINE)
                .hostname("meridian.odoo.example.com")
                .dataResidency(REGION, SECOND)
                .options(OptionsArgs.builder()
                        .users(70)
                        .drRegion(SECOND)
                        .controls(Controls.Enhanced)
                        .egressCidrs("203.0.113.0/24")
                        .build())
                .build();
    }

    static PlatformArgs platform() {
        return PlatformArgs.builder()
                .portfolio("example")
                .currency("USD")
                .region(REGION)
                .serviceLine(SERVICE_LINE)
                .deletionProtection(false) // this example must be able to end; true everywhere else
                .images(images())
                .network(NetworkSpecArgs.builder()
                        .cidr("10.40.0.0/16")
                        .zones("us-east-1a", "us-east-1b", "us-east-1c")
                        .clientCidrs("10.20.0.0/16") // where the cluster's pods live
                        .build())
                .database(DatabaseSpecArgs.builder()
                        .databaseClass("s")
                        .engineVersion("17")
                        .multiAz(true)
                        .storageGib(50)
                        .maxStorageGib(200)
                        .backupRetentionDays(14)
                        .maintenanceWindow("sun:03:00-sun:04:00")
                        .backupWindow("00:00-01:00")
                        .build())
                .cache(CacheSpecArgs.builder()
                        .cacheClass("xs")
                        .engine(CacheSpecEngine.Valkey)
                        .engineVersion("8.0")
                        .nodes(2)
                        .multiAz(true)
                        .snapshotRetentionDays(1)
                        .maintenanceWindow("sun:04:00-sun:05:00")
                        .build())
                .fileSystem(FileSystemSpecArgs.builder()
                        .throughputMode(FileSystemSpecThroughputMode.Elastic)
                        .backupSchedule("cron(0 3 * * ? *)")
                        .backupRetentionDays(30)
                        .build())
                .backupBucket(BackupBucketSpecArgs.builder().noncurrentDays(7).expireAfterDays(90).build())
                .cluster(cluster())
                .services(
                        service("traefik", 2, 200, 256, 1000, 512),
                        service("observability", 1, 500, 2048, 1000, 3072),
                        service("gitops", 1, 250, 512, 1000, 1024),
                        service("ci-runners", 1, 500, 1024, 2000, 2048))
                .ingress(IngressSpecArgs.builder()
                        .publicAddresses(2)
                        .capacityUnits(1)
                        .natGateways(1)
                        .natDataGibPerMonth(20)
                        .build())
                .observability(ObservabilitySpecArgs.builder()
                        .logGibPerMonth(10)
                        .logRetentionDays(30)
                        .metricSamplesPerMonth(100_000_000)
                        .build())
                .drRegions(SECOND) // where copies of tenants that pay for it may go
                .build();
    }

    private static ImagesArgs images() {
        return ImagesArgs.builder()
                // Your own build on the official odoo:18.0, with the module session_redis.
                .odoo(OdooImageArgs.builder()
                        .image("registry.example.com/odoo@sha256:"
                                + "1d0e6b8f2c3a4d5968778695a4b3c2d1e0f9e8d7c6b5a49382716051f0e9d8c7")
                        .version("18.0")
                        .runAsUser(100)
                        .runAsGroup(101)
                        .build())
                // psql and pg_dump of the server's major version, and the AWS CLI.
                .operations(OperationsImageArgs.builder()
                        .image("registry.example.com/odoo-operations@sha256:"
                                + "9c8d7e6f5a4b3c2d1e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f")
                        .runAsUser(10001)
                        .runAsGroup(10001)
                        .build())
                .build();
    }

    private static ClusterSpecArgs cluster() {
        return ClusterSpecArgs.builder()
                .name("odoo")
                .version("1.35")
                .ingressNamespace("traefik")
                .nodeRoleArn("arn:aws:iam::123456789012:role/odoo-nodes") // for tenants with nodes of their own
                .nodeSubnetIds("subnet-0a0a0a0a", "subnet-0b0b0b0b", "subnet-0c0c0c0c")
                .nodeGroups(NodeGroupSpecArgs.builder()
                        .name("general")
                        .nodeClass("m7g.xlarge")
                        .nodes(3)
                        .volumeGib(50)
                        .build())
                .build();
    }

    private static PlatformServiceArgs service(
            String name, int replicas, int cpuRequest, int memoryRequest, int cpuLimit, int memoryLimit) {
        return PlatformServiceArgs.builder()
                .name(name)
                .replicas(replicas)
                .cpuRequestMillicores(cpuRequest)
                .memoryRequestMib(memoryRequest)
                .cpuLimitMillicores(cpuLimit)
                .memoryLimitMib(memoryLimit)
                .build();
    }
}
