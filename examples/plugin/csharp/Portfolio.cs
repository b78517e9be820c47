using System.Collections.Generic;
using Costack.PulumiPackage;
using Costack.PulumiPackage.Inputs;

// The platform, and its tenants: what portfolios/ says in files of its own.
internal static class Portfolio
{
    private const string Region = "us-east-1";
    private const string Second = "eu-west-1";
    private const string ServiceLine = "odoo-hosting";

    // By tenant, for both places where it is told: to read it of a tenant without it would give it an empty one.
    public static readonly Dictionary<string, List<string>> DataResidency = new Dictionary<string, List<string>>
    {
        ["meridian"] = new List<string> { Region, Second },
    };

    public static TenantArgs Acme() => new TenantArgs
    {
        Id = "acme",
        Client = "acme-consulting",
        Environment = Environment.Production,
        Tier = "shared-namespace",
        Region = Region,
        ServiceLine = ServiceLine,
        Hostname = "acme.odoo.example.com",
        Options = new OptionsArgs { Users = 8 },
    };

    public static TenantArgs Meridian() => new TenantArgs
    {
        Id = "meridian",
        Client = "meridian-group",
        Environment = Environment.Production,
        Tier = "cross-region-backup",
        Region = Region,
        ServiceLine = ServiceLine,
        Hostname = "meridian.odoo.example.com",
        DataResidency = DataResidency["meridian"],
        Options = new OptionsArgs
        {
            Users = 70,
            DrRegion = Second,
            Controls = Controls.Enhanced,
            EgressCidrs = new List<string> { "203.0.113.0/24" },
        },
    };

    public static PlatformArgs Platform() => new PlatformArgs
    {
        Portfolio = "example",
        Currency = "USD",
        Region = Region,
        ServiceLine = ServiceLine,
        DeletionProtection = false, // this example must be able to end; true everywhere else
        Images = new ImagesArgs
        {
            // Your own build on the official odoo:18.0, with the module session_redis.
            Odoo = new OdooImageArgs
            {
                Image = "registry.example.com/odoo@sha256:1d0e6b8f2c3a4d5968778695a4b3c2d1e0f9e8d7c6b5a49382716051f0e9d8c7",
                Version = "18.0",
                RunAsUser = 100,
                RunAsGroup = 101,
            },
            // psql and pg_dump of the server's major version, and the AWS CLI.
            Operations = new OperationsImageArgs
            {
                Image = "registry.example.com/odoo-operations@sha256:9c8d7e6f5a4b3c2d1e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f",
                RunAsUser = 10001,
                RunAsGroup = 10001,
            },
        },
        Network = new NetworkSpecArgs
        {
            Cidr = "10.40.0.0/16",
            Zones = new List<string> { "us-east-1a", "us-east-1b", "us-east-1c" },
            ClientCidrs = new List<string> { "10.20.0.0/16" }, // where the cluster's pods live
        },
        Database = new DatabaseSpecArgs
        {
            DatabaseClass = "s",
            EngineVersion = "17",
            MultiAz = true,
            StorageGib = 50,
            MaxStorageGib = 200,
            BackupRetentionDays = 14,
            MaintenanceWindow = "sun:03:00-sun:04:00",
            BackupWindow = "00:00-01:00",
        },
        Cache = new CacheSpecArgs
        {
            CacheClass = "xs",
            Engine = CacheSpecEngine.Valkey,
            EngineVersion = "8.0",
            Nodes = 2,
            MultiAz = true,
            SnapshotRetentionDays = 1,
            MaintenanceWindow = "sun:04:00-sun:05:00",
        },
        FileSystem = new FileSystemSpecArgs
        {
            ThroughputMode = FileSystemSpecThroughputMode.Elastic,
            BackupSchedule = "cron(0 3 * * ? *)",
            BackupRetentionDays = 30,
        },
        BackupBucket = new BackupBucketSpecArgs { NoncurrentDays = 7, ExpireAfterDays = 90 },
        Cluster = new ClusterSpecArgs
        {
            Name = "odoo",
            Version = "1.35",
            IngressNamespace = "traefik",
            NodeRoleArn = "arn:aws:iam::123456789012:role/odoo-nodes", // for tenants with nodes of their own
            NodeSubnetIds = new List<string> { "subnet-0a0a0a0a", "subnet-0b0b0b0b", "subnet-0c0c0c0c" },
            NodeGroups = new List<NodeGroupSpecArgs>
            {
                new NodeGroupSpecArgs { Name = "general", NodeClass = "m7g.xlarge", Nodes = 3, VolumeGib = 50 },
            },
        },
        Services = new List<PlatformServiceArgs>
        {
            Service("traefik", 2, 200, 256, 1000, 512),
            Service("observability", 1, 500, 2048, 1000, 3072),
            Service("gitops", 1, 250, 512, 1000, 1024),
            Service("ci-runners", 1, 500, 1024, 2000, 2048),
        },
        Ingress = new IngressSpecArgs
        {
            PublicAddresses = 2,
            CapacityUnits = 1,
            NatGateways = 1,
            NatDataGibPerMonth = 20,
        },
        Observability = new ObservabilitySpecArgs
        {
            LogGibPerMonth = 10,
            LogRetentionDays = 30,
            MetricSamplesPerMonth = 100000000,
        },
        DrRegions = new List<string> { Second }, // where copies of tenants that pay for it may go
    };

    private static PlatformServiceArgs Service(
        string name, int replicas, int cpuRequest, int memoryRequest, int cpuLimit, int memoryLimit) =>
        new PlatformServiceArgs
        {
            Name = name,
            Replicas = replicas,
            CpuRequestMillicores = cpuRequest,
            MemoryRequestMib = memoryRequest,
            CpuLimitMillicores = cpuLimit,
            MemoryLimitMib = memoryLimit,
        };
}
