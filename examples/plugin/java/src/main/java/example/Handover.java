package example;

import com.costack.costack.inputs.ContractArgs;
import com.costack.costack.inputs.ContractBucketArgs;
import com.costack.costack.inputs.ContractCacheArgs;
import com.costack.costack.inputs.ContractFileSystemArgs;
import com.costack.costack.inputs.ContractKeyArgs;
import com.costack.costack.inputs.ContractNetworkArgs;
import com.costack.costack.inputs.ContractNodesArgs;
import com.costack.costack.inputs.ContractServerArgs;
import com.costack.costack.outputs.Contract;
import com.costack.costack.outputs.ContractNodes;
import com.pulumi.core.Output;

/** What the platform hands to its tenants. In Java, outputs and inputs are different classes. */
final class Handover {
    private Handover() {
    }

    /** Every field; one that is left out would be one that the platform does not have. */
    static ContractArgs contract(Contract from) {
        return ContractArgs.builder()
                .administrator(from.administrator())
                .cluster(from.cluster())
                .clusterGroupId(from.clusterGroupId().map(Output::of).orElse(null))
                .monthlyEstimates(from.monthlyEstimates())
                .namespaces(from.namespaces())
                .priorities(from.priorities().map(Output::of).orElse(null))
                .unpriced(from.unpriced())
                .bucket(ContractBucketArgs.builder()
                        .arn(from.bucket().arn())
                        .keyArn(from.bucket().keyArn())
                        .name(from.bucket().name())
                        .build())
                .cache(ContractCacheArgs.builder()
                        .address(from.cache().address())
                        .arn(from.cache().arn())
                        .userGroup(from.cache().userGroup().map(Output::of).orElse(null))
                        .build())
                .fileSystem(ContractFileSystemArgs.builder()
                        .arn(from.fileSystem().arn())
                        .id(from.fileSystem().id())
                        .build())
                .key(ContractKeyArgs.builder()
                        .arn(from.key().arn())
                        .keyId(from.key().keyId())
                        .build())
                .network(ContractNetworkArgs.builder()
                        .securityGroupId(from.network().securityGroupId())
                        .subnetIds(from.network().subnetIds())
                        .vpcId(from.network().vpcId())
                        .build())
                .nodes(from.nodes().map(Handover::nodes).map(Output::of).orElse(null))
                .server(ContractServerArgs.builder()
                        .address(from.server().address())
                        .arn(from.server().arn())
                        .masterSecretArn(from.server().masterSecretArn())
                        .storageGib(from.server().storageGib())
                        .build())
                .build();
    }

    private static ContractNodesArgs nodes(ContractNodes from) {
        return ContractNodesArgs.builder()
                .cluster(from.cluster())
                .roleArn(from.roleArn())
                .subnetIds(from.subnetIds())
                .build();
    }
}
