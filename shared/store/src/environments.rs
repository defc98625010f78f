//! Environment records, and the id of the installation.

use engine::ports::StoreError;
use model::{Environment, EnvironmentId};

use crate::error::store_error;
use crate::item::{body, key, text, with_body};
use crate::{Store, keys};

impl Store {
    /// An environment's record; none where nobody registered it.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn environment(&self, id: &EnvironmentId) -> Result<Option<Environment>, StoreError> {
        let item = self.item(keys::environment(id), keys::RECORD.to_owned()).await?;
        item.as_ref().map(body).transpose()
    }

    /// Registers an environment, or changes its record. Also gives the installation its id, the first time.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn put_environment(&self, environment: &Environment) -> Result<(), StoreError> {
        let id = &environment.id;
        for (pk, sk) in
            [(keys::environment(id), keys::RECORD.to_owned()), (keys::ENVIRONMENTS.to_owned(), id.to_string())]
        {
            let item = with_body(pk, sk, environment)?;
            let put = self.dynamodb.put_item().table_name(&self.table).set_item(Some(item)).send().await;
            put.map_err(|error| store_error("dynamodb PutItem (environment)", &error))?;
        }
        let mut engine = key(keys::ENGINE, "ID");
        engine.insert("id".to_owned(), text(uuid::Uuid::new_v4().to_string()));
        let put = self
            .dynamodb
            .put_item()
            .table_name(&self.table)
            .set_item(Some(engine))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(aws_sdk_dynamodb::error::SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                Ok(())
            }
            Err(error) => Err(store_error("dynamodb PutItem (engine)", &error)),
        }
    }

    /// Every registered environment, by name.
    ///
    /// # Errors
    /// [`StoreError`] of DynamoDB.
    pub async fn environments(&self) -> Result<Vec<Environment>, StoreError> {
        let items = self.query(keys::ENVIRONMENTS.to_owned(), "").await?;
        items.iter().map(body).collect()
    }

    /// The id of the installation, which is stamped on everything that it makes.
    ///
    /// # Errors
    /// [`StoreError::Misconfigured`] where no environment was ever registered.
    pub async fn engine(&self) -> Result<String, StoreError> {
        let item = self.item(keys::ENGINE.to_owned(), "ID".to_owned()).await?;
        let id = item.as_ref().and_then(|item| crate::item::get_text(item, "id")).map(str::to_owned);
        id.ok_or_else(|| StoreError::Misconfigured {
            operation: "read the installation's id",
            message: "it has none: register an environment first".to_owned(),
        })
    }
}
